"""The entity that the tests of the platform use, and its items.

Every test that needs some entity takes it from here, so the tests do not know which one it is. The
bodies are the examples of its declaration.
"""

import uuid
from collections.abc import Mapping
from typing import Any, Protocol

import pytest

from common.crud.entity import Entity
from common.crud.examples import Change, Examples, examples_of, replacement_body
from common.entities import ENTITIES
from common.validation import errors
from infra.spec.routes import ROUTES, Function
from tests.support.http.response import HttpResponse

ENTITY: Entity = ENTITIES[0]

EXAMPLES: Examples = examples_of(ENTITY)

INITIAL: str = ENTITY.statuses[0]
"""The status of a new item."""


def reachable(entity: Entity) -> tuple[str, ...]:
    """Return the statuses that changes lead to, and that of a new item."""
    return tuple(filter(examples_of(entity).leads_to, entity.statuses))


REACHABLE: tuple[str, ...] = reachable(ENTITY)
"""The statuses that changes lead to, and that of a new item."""


class Send(Protocol):
    """Sends a request and returns the response."""

    def __call__(self, method: str, path: str, body: object = None) -> HttpResponse: ...


def new_body(entity: Entity = ENTITY) -> dict[str, Any]:
    """Return a body that creates an item which no other test's list shows."""
    return dict(examples_of(entity).new(uuid.uuid4().hex))


def create(
    send: Send, body: Mapping[str, Any] | None = None, entity: Entity = ENTITY
) -> dict[str, Any]:
    """Create an item, and return it."""
    response = send("POST", entity.path, body or new_body(entity))
    assert response.status == 201, response
    item: dict[str, Any] = response.body
    return item


def path_of(item: Mapping[str, Any], entity: Entity = ENTITY) -> str:
    """Return the path of an item."""
    return f"{entity.path}/{item[entity.id_field]}"


def change(
    send: Send, item: Mapping[str, Any], *changes: Change, entity: Entity = ENTITY
) -> dict[str, Any]:
    """Apply changes to an item one after the other, and return the item after the last one."""
    changed = dict(item)
    for each in changes:
        response = send("PATCH", path_of(item, entity), each.body)
        assert response.status == 200, response
        changed = response.body
    return changed


def function_for(method: str) -> Function:
    """Return the function that answers a method of the entity."""
    return next(each.function for each in ROUTES if (each.entity, each.method) == (ENTITY, method))


def create_with(send: Send, status: str, entity: Entity = ENTITY) -> dict[str, Any]:
    """Create an item, and take it to a status by the shortest way."""
    changes = examples_of(entity).path(status)
    return change(send, create(send, entity=entity), *changes, entity=entity)


def create_deletable(send: Send, entity: Entity = ENTITY) -> dict[str, Any]:
    """Create an item whose status allows that it is deleted."""
    status = next((status for status in reachable(entity) if status in entity.deletable), None)
    if status is None:
        pytest.skip(f"no {entity.noun} may be deleted")
    return create_with(send, status, entity)


def first_change(entity: Entity = ENTITY) -> Change:
    """Return a change that a new item takes."""
    for each in examples_of(entity).changes:
        if each.source == entity.statuses[0]:
            return each
    pytest.skip(f"a new {entity.noun} takes no change")


def refused_change() -> tuple[str, Change]:
    """Return a status, and a change that an item with this status does not take."""
    if conflict := find_conflict():
        return conflict
    pytest.skip(f"every {ENTITY.noun} takes every change")


def find_conflict(entity: Entity = ENTITY) -> tuple[str, Change] | None:
    """Return a status, and a change that it does not allow; None if there is none.

    The change names its status, if possible: the others may break a rule as a replacement.
    """
    conflicts = [
        (status, change)
        for status in reachable(entity)
        for change in examples_of(entity).changes
        if status not in entity.sources(change.body.get("status"))
    ]
    named = (each for each in conflicts if "status" in each[1].body)
    return next(named, conflicts[0] if conflicts else None)


def find_undeletable(entity: Entity = ENTITY) -> str | None:
    """Return a status in which an item cannot be deleted; None if there is none."""
    statuses = reachable(entity)
    return next((status for status in statuses if status not in entity.deletable), None)


def replacement(item: Mapping[str, Any], change: Change, entity: Entity = ENTITY) -> dict[str, Any]:
    """Return the body of the PUT that makes a change of an item."""
    return {"status": change.target, **replacement_body(entity, item, change)}


def replacement_of(change: Change, entity: Entity = ENTITY) -> Mapping[str, Any]:
    """Return the body of a PUT that changes an item as ``change`` does."""
    item = {**examples_of(entity).least, "status": change.source}
    return replacement_body(entity, item, change)


def another_body(body: Mapping[str, Any], entity: Entity = ENTITY) -> dict[str, Any]:
    """Return a valid body that differs from ``body``, but not in a filter."""
    for name in entity.schema.fields_of("create"):
        if name in entity.filters:
            continue
        for value in (f"{body.get(name, '')}x", 7, 8, True, False, None, {"x": 1}, ["x"]):
            other = {**body, name: value}
            if other != body and not errors(entity.validator("create"), other):
                return other
    pytest.skip(f"there is only one body of {entity.article} {entity.noun}")
