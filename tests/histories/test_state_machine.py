"""One request after the other, as hypothesis chooses them: each answer is that of the model.

Answers are lost after their write, and attempts of earlier requests arrive again.
"""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Literal

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from common import ids
from tests.support.entities import EXAMPLES
from tests.support.histories.attempts import Attempt
from tests.support.histories.aws import RETENTION_DAYS, carry_out, create_resources
from tests.support.histories.function_process import FunctionProcess
from tests.support.histories.invocations import API_KEY_ID, invocation_of, time_of
from tests.support.histories.item_model import (
    NO_ITEM,
    ItemModel,
    Operation,
    Request,
    State,
    representations,
)
from tests.support.histories.simulation import MOST_WRITES_BETWEEN
from tests.support.http.response import HttpResponse
from tests.support.model import EDITS, Edit

FUZZING = settings.get_current_profile_name() == "fuzz"
RUNS, STEPS = (500, 60) if FUZZING else (20, 25)

KEYS = ("0a", "0b")

Tag = Literal["none", "current", "former", "foreign"]
"""The ETag in a condition: none; the item's; an earlier one of its URL; one of another URL."""

_KEYS = st.sampled_from(KEYS)
_TAGS = st.sampled_from(["none", "none", "current", "former", "foreign"])
_LOST = st.booleans()


class ItemMachine(RuleBasedStateMachine):
    """Sends requests about two items."""

    def __init__(self) -> None:
        super().__init__()
        self._process = FunctionProcess()
        self._item_ids = {key: ids.derived_id(API_KEY_ID, key) for key in KEYS}
        self._states: dict[str, State] = dict.fromkeys(KEYS, NO_ITEM)
        self._operations: dict[str, list[Operation]] = {key: [] for key in KEYS}
        self._written: dict[str, list[Attempt]] = {key: [] for key in KEYS}
        """The attempts that have changed each item, the last one at the end."""
        self._number = 0

    @initialize()
    def begin(self) -> None:
        create_resources()

    def teardown(self) -> None:
        self._process.kill()

    @rule(key=_KEYS, other=st.booleans(), lost=_LOST)
    def create(self, key: str, other: bool, lost: bool) -> None:
        body = EXAMPLES.new(f"{key}0" if other else key)
        self._send(key, Request("POST", self._item_ids[key], json.dumps(body)), lost=lost)

    @rule(key=_KEYS, edit=st.sampled_from(EDITS), tag=_TAGS, lost=_LOST)
    def edit(self, key: str, edit: Edit, tag: Tag, lost: bool) -> None:
        self._change(key, edit, tag, lost)

    @precondition(lambda self: any(state.item for state in self._states.values()))
    @rule(data=st.data(), tag=_TAGS, lost=_LOST)
    def fitting_edit(self, data: st.DataObject, tag: Tag, lost: bool) -> None:
        """Send an edit that the item's status allows, if there is one."""
        key = data.draw(st.sampled_from([key for key in KEYS if self._states[key].item]))
        status = json.loads(self._states[key].item or "{}")["status"]
        if edits := [edit for edit in EDITS if status in edit.change.sources]:
            self._change(key, data.draw(st.sampled_from(edits)), tag, lost)

    @rule(key=_KEYS, tag=_TAGS, lost=_LOST)
    def delete(self, key: str, tag: Tag, lost: bool) -> None:
        request = Request("DELETE", self._item_ids[key], if_match=self._etag(key, tag))
        self._send(key, request, lost=lost)

    @rule(key=_KEYS, tag=_TAGS)
    def read(self, key: str, tag: Tag) -> None:
        request = Request("GET", self._item_ids[key], if_none_match=self._etag(key, tag))
        self._send(key, request, lost=False)

    @precondition(lambda self: any(self._written.values()))
    @rule(data=st.data())
    def deliver_an_old_attempt_again(self, data: st.DataObject) -> None:
        key = data.draw(st.sampled_from([key for key in KEYS if self._written[key]]))
        attempt = data.draw(st.sampled_from(self._written[key][-MOST_WRITES_BETWEEN:]))

        answer = carry_out(attempt)

        assert answer.status == 400, "a write was applied twice"

    @invariant()
    def changes_have_the_answers_that_nobody_disturbed(self) -> None:
        assert not any(state.changed for state in self._states.values())

    def _change(self, key: str, edit: Edit, tag: Tag, lost: bool) -> None:
        request = Request(
            edit.method, self._item_ids[key], json.dumps(edit.body), self._etag(key, tag)
        )
        self._send(key, request, lost=lost)

    def _etag(self, key: str, tag: Tag) -> str | None:
        if tag == "none":
            return None
        others = [other for other in KEYS if other != key]
        operations = self._operations[others[0] if tag == "foreign" else key]
        etags = [operation.etag for operation in operations if operation.etag]
        return next(iter(etags if tag == "former" else reversed(etags)), None)

    def _send(self, key: str, request: Request, *, lost: bool) -> None:
        invocation = invocation_of(request, key, history="machine", number=self._number)
        result = self._process.invoke(invocation)
        while not isinstance(result, HttpResponse):
            answer = carry_out(result)
            if result.is_write and answer.status == 200:
                self._written[key].append(result)
            is_lost = lost and result.is_to_dynamodb
            lost = lost and not is_lost
            result = self._process.resume("reset" if is_lost else answer)
        operation = Operation(self._number, request, time_of(self._number), result)
        self._number += 1
        assert operation.status is not None, operation
        self._operations[key].append(operation)
        model = ItemModel(
            representations(self._operations[key]),
            API_KEY_ID,
            lambda: timedelta(days=RETENTION_DAYS),
        )
        states = model.step(self._states[key], operation)
        assert states, f"{operation} is no answer in {self._states[key]}"
        (self._states[key],) = states


def test_each_answer_is_that_of_the_model(
    record_property: Callable[[str, object], None],
) -> None:
    run_state_machine_as_test(
        ItemMachine, settings=settings(max_examples=RUNS, stateful_step_count=STEPS)
    )
    record_property("counted", f"{RUNS} runs of at most {STEPS} requests")
