"""Random requests about a few items, by callers that remember what the answers showed."""

import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random

from common.crud.entity import Item
from tests.support.entities import EXAMPLES
from tests.support.histories.item_model import Operation, Request
from tests.support.model import EDITS, frequency


@dataclass
class Choices:
    """Chooses requests, so that most of them do not fail."""

    dice: Random

    item_ids: Mapping[str, str]
    """The id of each item, by its idempotency key."""

    _statuses: dict[str, str] = field(default_factory=dict, init=False)
    """The status that each item had when it was last seen."""

    _etags: defaultdict[str, list[str]] = field(
        default_factory=lambda: defaultdict(list), init=False
    )
    """The ETags that each item has had, even before it was deleted and created again."""

    def next(self) -> Request:
        """Choose a request."""
        # The first keys get most requests.
        key = [*self.item_ids][min(int(self.dice.expovariate(0.3)), len(self.item_ids) - 1)]
        item_id = self.item_ids[key]
        status = self._statuses.get(item_id)
        weights = {"POST": 6, "edit": 3, "DELETE": 2, "GET": 2}
        if status is not None:
            weights = {"POST": 1, "edit": 10, "DELETE": 3, "GET": 3}
        (choice,) = self.dice.choices([*weights], weights=[*weights.values()])
        if choice == "POST":
            return Request("POST", item_id, json.dumps(self._new_body(key)))
        if choice == "GET":
            return Request("GET", item_id, if_none_match=self._etag(item_id, 0.3))
        if_match = self._etag(item_id, 0.4)
        if choice == "DELETE":
            return Request("DELETE", item_id, if_match=if_match)
        edits = [edit for edit in EDITS if status in edit.change.sources]
        if not edits or self.dice.random() < 0.1:
            edits = EDITS
        (edit,) = self.dice.choices(edits, weights=[*map(frequency, edits)])
        return Request(edit.method, item_id, json.dumps(edit.body), if_match)

    def learn(self, operation: Operation) -> None:
        """Remember what an answer has shown."""
        answer, item_id = operation.answer, operation.request.item_id
        if answer is None:
            return
        if answer.status in {200, 201}:
            self._statuses[item_id] = answer.body["status"]
        elif answer.status in {204, 404}:
            self._statuses.pop(item_id, None)
        if operation.etag is not None and operation.etag not in self._etags[item_id]:
            self._etags[item_id].append(operation.etag)

    def _new_body(self, key: str) -> Item:
        # Another body under the same key is refused, unless the item has been deleted.
        return EXAMPLES.new(key if self.dice.random() < 0.85 else f"{key}0")

    def _etag(self, item_id: str, share: float) -> str | None:
        """Return an ETag that the item has or had; in other requests, None."""
        etags = self._etags[item_id]
        if not etags or self.dice.random() > share:
            return None
        return etags[-1] if self.dice.random() < 0.7 else self.dice.choice(etags)
