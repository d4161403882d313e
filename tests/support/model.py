"""A model of the entity: how each change of its examples, as PATCH and as PUT, changes an item."""

from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from common.crud import changes
from common.crud.entity import Change, Item
from common.exceptions import RuleBroken
from infra.spec.stages import STAGES
from local.deploy import STAGE
from tests.support.entities import ENTITY, EXAMPLES, replacement

_TIME = datetime(2026, 1, 31, tzinfo=UTC)


def applied(change: Change, item: Item) -> dict[str, Any]:
    """Return an item after a change, as callers see it."""
    counted = {name: item.get(name, 0) + 1 for name in ("version", *change.increment)}
    values = {**change.keep, **item, **change.assign, **counted}
    return {name: value for name, value in values.items() if name not in change.clear}


State = tuple[str, frozenset[str]]
"""The status of an item, and the fields that it has."""


class Edit(NamedTuple):
    """A request that changes an item."""

    method: str

    body: Item

    change: Change
    """The change that follows from the body."""

    def leads(self, before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
        """Return whether the request leads from one item to the other."""
        change = self.change
        counted = {name: before.get(name, 0) + 1 for name in ("version", *change.increment)}
        sent = {name: value for name, value in change.assign.items() if name in self.body}
        set_by_service = {*change.assign, *(change.keep.keys() - before.keys())}
        kept = {name: before[name] for name in before.keys() - change.clear - set_by_service}
        return (
            before["status"] in change.sources
            and after.keys() == self.fields_after(frozenset(before))
            and {**after, **kept, **counted, **sent} == after
        )

    def fields_after(self, fields: frozenset[str]) -> frozenset[str]:
        """Return the fields of an item that had ``fields`` before."""
        change = self.change
        return frozenset({*fields, *change.assign, *change.keep}) - change.clear


def _edits() -> list[Edit]:
    days = STAGES[STAGE].retention_days
    retention = lambda: None if days is None else timedelta(days=days)  # noqa: E731
    edits = []
    for example in EXAMPLES.changes:
        change = changes.merge_patch(ENTITY, example.body, now=_TIME, retention=retention)
        edits.append(Edit("PATCH", example.body, change))
        body = replacement(EXAMPLES.least, example)
        # A rule may refuse the fields that a replacement resets.
        with suppress(RuleBroken):
            change = changes.replacement(ENTITY, body, now=_TIME, retention=retention)
            edits.append(Edit("PUT", body, change))
    return edits


EDITS = _edits()


def frequency(edit: Edit) -> int:
    """Return how often to send an edit: seldom, if no change is possible after it."""
    status = edit.change.status
    if status and not ENTITY.transitions[status]:
        return 1
    # An item takes these again and again.
    return 25 if status is None or status in ENTITY.transitions[status] else 10


def increments(patch: Item) -> frozenset[str]:
    """Return the numbers that a patch increments, besides the version."""
    return next(
        edit.change.increment for edit in EDITS if (edit.method, edit.body) == ("PATCH", patch)
    )


def states() -> set[State]:
    """Return the states that an item reaches."""
    body = EXAMPLES.new("0")
    new = changes.new_item(ENTITY, body, item_id="", now=_TIME, created_by="")
    queue: list[State] = [(new["status"], frozenset(new))]
    seen: set[State] = set()
    while queue:
        state = status, fields = queue.pop()
        if state not in seen:
            seen.add(state)
            queue += [
                (edit.change.status or status, edit.fields_after(fields))
                for edit in EDITS
                if status in edit.change.sources
            ]
    return seen
