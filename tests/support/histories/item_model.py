"""A sequential model of one item under an idempotency key: each request, and its true answers.

The model knows an item's whole body after each request, since a change is computed from the
request alone. It does not know how ETags are spelt: an ETag stands for the body that it came with.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from math import inf
from typing import Any, NamedTuple

from common.crud import changes
from common.crud.changes import Retention, timestamp
from common.crud.entity import Change, Item
from tests.support.entities import ENTITY
from tests.support.histories.linearizability import Call
from tests.support.http.response import HttpResponse
from tests.support.model import applied

UNKNOWN_TIME = datetime(1970, 1, 1, tzinfo=UTC)
"""The time of a request whose time no answer has shown. It is equal to any other time."""

_UNKNOWN = timestamp(UNKNOWN_TIME)
_OUTCOME_UNKNOWN = frozenset({502, 503, 504})
"""The request may have been carried out, or be carried out later."""


@dataclass(frozen=True)
class Request:
    """A request about the item of an idempotency key."""

    method: str
    """POST creates the item under its key; the other methods address it by its id."""

    item_id: str

    body: str | None = None
    """The body, as JSON."""

    if_match: str | None = None
    """The ETag in the If-Match header; None without the header."""

    if_none_match: str | None = None
    """The ETag in the If-None-Match header; None without the header."""

    @property
    def headers(self) -> dict[str, str]:
        """The conditions, as headers."""
        headers = {"If-Match": self.if_match, "If-None-Match": self.if_none_match}
        return {name: value for name, value in headers.items() if value is not None}


@dataclass(frozen=True)
class Operation:
    """A request, and its answer."""

    number: int
    """The number of the request in its history."""

    request: Request

    time: datetime
    """The time of the request, as the service sees it."""

    answer: HttpResponse | None
    """The answer; None if there was none."""

    @property
    def status(self) -> int | None:
        """The status of the answer; None if the outcome is unknown."""
        if self.answer is None or self.answer.status in _OUTCOME_UNKNOWN:
            return None
        return self.answer.status

    @property
    def etag(self) -> str | None:
        """The ETag of the answer."""
        return self.answer.headers.get("ETag") if self.answer else None

    def __str__(self) -> str:
        request = self.request
        etag, version = self.etag, None
        if self.answer and self.answer.status in {200, 201}:
            version = self.answer.body["version"]
        return (
            f"{self.number}: {request.method} {request.body or ''} {request.headers or ''} -> "
            f"{self.answer.status if self.answer else 'no answer'}"
            f"{f' ETag {etag}' if etag else ''}{f' version {version}' if version else ''}"
        )


@dataclass(frozen=True)
class Aftermath:
    """The second moment of a change whose answer shows that others came after it.

    Its body is the item at a later moment; without a body, the item has been deleted since.
    """

    change: Operation

    def __str__(self) -> str:
        return f"after {self.change}"


class State(NamedTuple):
    """The state of an item."""

    item: str | None = None
    """The item, as JSON; None if there is none."""

    created_from: str | None = None
    """The body that created the item."""

    changed: frozenset[tuple[int, str, int]] = frozenset()
    """The changes whose aftermath follows: number, and the item's creation and version."""


NO_ITEM = State()


def calls(operation: Operation, invoked: float, responded: float) -> Iterator[Call[Any]]:
    """Yield the calls that the checker sees for an operation with the given times."""
    if operation.status is None:
        # Without an answer, a read has no effect.
        if operation.request.method != "GET":
            yield Call(operation, invoked, inf)
        return
    yield Call(operation, invoked, responded)
    if _has_aftermath(operation):
        yield Call(Aftermath(operation), invoked, responded)


def _has_aftermath(operation: Operation) -> bool:
    if operation.request.method not in {"PUT", "PATCH"}:
        return False
    return operation.status == 204 or (operation.status == 200 and operation.etag is None)


def representations(operations: Iterable[Operation]) -> dict[str, str]:
    """Return the body that each ETag came with.

    Raises:
        AssertionError: An ETag came with two bodies, although it is a strong validator
            (RFC 9110, 8.8.1).
    """
    bodies: dict[str, str] = {}
    for operation in operations:
        if operation.status in {200, 201} and operation.answer and operation.etag:
            body = _dump(operation.answer.body)
            assert bodies.setdefault(operation.etag, body) == body, (
                f"the ETag {operation.etag} stands for two representations:\n"
                f"{bodies[operation.etag]}\n{body}"
            )
    return bodies


@dataclass(frozen=True)
class ItemModel:
    """The sequential model of an item."""

    representations: Mapping[str, str]
    """The body, as JSON, for which each ETag stands."""

    caller: str
    """The identity of the callers."""

    retention: Retention

    def step(self, state: State, operation: Operation | Aftermath) -> list[State]:
        """Return the states after an operation; none if its answer is wrong in this state."""
        if isinstance(operation, Aftermath):
            return self._aftermath(state, operation.change)
        match operation.request.method:
            case "POST":
                return self._create(state, operation)
            case "GET":
                return self._read(state, operation)
            case "DELETE":
                return self._delete(state, operation)
            case _:
                return self._change(state, operation)

    def _create(self, state: State, operation: Operation) -> list[State]:
        status, body = operation.status, operation.request.body
        assert body is not None
        if state.item is None:
            item = changes.new_item(
                ENTITY,
                json.loads(body),
                item_id=operation.request.item_id,
                now=operation.time,
                created_by=self.caller,
            )
            after = state._replace(item=_dump(item), created_from=body)
            if status is None:
                return [after]
            return _shown(after, operation) if status == HTTPStatus.CREATED else []
        if state.created_from != body:
            return [state] if status == HTTPStatus.UNPROCESSABLE_ENTITY else []
        return _shown(state, operation) if status == HTTPStatus.OK else []

    def _read(self, state: State, operation: Operation) -> list[State]:
        if state.item is None:
            return [state] if operation.status == HTTPStatus.NOT_FOUND else []
        if operation.status == HTTPStatus.NOT_MODIFIED:
            return self._matching(state, operation.request.if_none_match)
        allowed = self._differing(state, operation.request.if_none_match)
        return [each for each in allowed for each in _shown(each, operation)]

    def _change(self, state: State, operation: Operation) -> list[State]:
        change = _change_of(operation, self.retention)
        status = operation.status
        if status is None or status in {HTTPStatus.OK, HTTPStatus.NO_CONTENT}:
            return [
                after
                for each in self._allowing(state, operation, change.sources)
                for after in _changed(each, change, operation)
            ]
        return self._refused(state, operation, change.sources)

    def _delete(self, state: State, operation: Operation) -> list[State]:
        if operation.status in {None, HTTPStatus.NO_CONTENT}:
            return [
                State(changed=each.changed)
                for each in self._allowing(state, operation, ENTITY.deletable)
            ]
        return self._refused(state, operation, ENTITY.deletable)

    def _allowing(
        self, state: State, operation: Operation, statuses: frozenset[str]
    ) -> list[State]:
        """Return the state if a write is allowed in it."""
        request = operation.request
        return [
            each
            for each in self._conditions_hold(state, request)
            if json.loads(each.item or "{}")["status"] in statuses
        ]

    def _refused(self, state: State, operation: Operation, statuses: frozenset[str]) -> list[State]:
        """Return the state if it refuses a write with the status of the answer."""
        match operation.status:
            case HTTPStatus.NOT_FOUND:
                return [state] if state.item is None else []
            case HTTPStatus.PRECONDITION_FAILED:
                return self._conditions_fail(state, operation.request)
            case HTTPStatus.CONFLICT:
                return [
                    each
                    for each in self._conditions_hold(state, operation.request)
                    if json.loads(each.item or "{}")["status"] not in statuses
                ]
        return []

    def _conditions_hold(self, state: State, request: Request) -> list[State]:
        if state.item is None:
            return []
        return [
            after
            for each in self._matching(state, request.if_match)
            for after in self._differing(each, request.if_none_match)
        ]

    def _conditions_fail(self, state: State, request: Request) -> list[State]:
        if state.item is None:
            return []
        failing = [] if request.if_match is None else self._differing(state, request.if_match)
        if request.if_none_match is not None:
            failing += self._matching(state, request.if_none_match)
        return failing

    def _matching(self, state: State, etag: str | None) -> list[State]:
        """Return the state if its item may have an ETag; None is the ETag of every item."""
        if etag is None:
            return [state]
        body = self.representations.get(etag)
        item = body and _unified(state.item, body)
        return [state._replace(item=item)] if item else []

    def _differing(self, state: State, etag: str | None) -> list[State]:
        """Return the state if its item may have another ETag; None is the ETag of no item."""
        if etag is None or _UNKNOWN in (state.item or ""):
            return [state]
        return [] if self._matching(state, etag) else [state]

    def _aftermath(self, state: State, operation: Operation) -> list[State]:
        marks = {number: (created, version) for number, created, version in state.changed}
        if operation.number not in marks:
            return []
        created, version = marks[operation.number]
        left = state._replace(changed=state.changed - {(operation.number, created, version)})
        item = None if state.item is None else json.loads(state.item)
        is_other = item is None or _UNKNOWN in created or item["created_at"] != created
        if operation.status == HTTPStatus.NO_CONTENT:
            return [left] if is_other else []
        if item is None or item["created_at"] != created or item["version"] <= version:
            return []
        return _shown(left, operation)


def _change_of(operation: Operation, retention: Retention) -> Change:
    make = changes.merge_patch if operation.request.method == "PATCH" else changes.replacement
    body = json.loads(operation.request.body or "{}")
    return make(ENTITY, body, now=operation.time, retention=retention)


def _changed(state: State, change: Change, operation: Operation) -> list[State]:
    before: Item = json.loads(state.item or "{}")
    item = applied(change, before)
    after = state._replace(item=_dump(item))
    if _has_aftermath(operation):
        mark = (operation.number, item["created_at"], item["version"])
        return [after._replace(changed=state.changed | {mark})]
    return _shown(after, operation) if operation.status else [after]


def _shown(state: State, operation: Operation) -> list[State]:
    """Return the state if an answer's body is its item."""
    if operation.answer is None or operation.status not in {HTTPStatus.OK, HTTPStatus.CREATED}:
        return []
    item = _unified(state.item, _dump(operation.answer.body))
    return [state._replace(item=item)] if item else []


def _unified(item: str | None, body: str) -> str | None:
    """Return the body if it may be the item: unknown times are equal to all times."""
    if item == body:
        return body
    if item is None or _UNKNOWN not in item:
        return None
    known, shown = json.loads(item), json.loads(body)
    # The expiry is the only time that is a number.
    epoch = timestamp(UNKNOWN_TIME)
    same = known.keys() == shown.keys() and all(
        known[name] in (shown[name], epoch)
        or (name == "expires_at" and known["updated_at"] == epoch)
        for name in known
    )
    return body if same else None


def _dump(item: Mapping[str, Any]) -> str:
    return json.dumps(item, sort_keys=True)
