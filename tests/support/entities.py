"""The entity that the tests of the platform use, and its items.

Every test that needs some entity takes it from here, so the tests do not know which one it is. The
bodies are the examples of its declaration.
"""

import uuid
from collections.abc import Mapping
from typing import Any, Protocol

from common.crud.entity import Entity
from common.crud.examples import Change, Examples, examples_of
from common.entities import ENTITIES
from tests.support.http.response import HttpResponse

ENTITY: Entity = ENTITIES[0]

EXAMPLES: Examples = examples_of(ENTITY)

INITIAL: str = ENTITY.statuses[0]
"""The status of a new item."""


class Send(Protocol):
    """Sends a request and returns the response."""

    def __call__(self, method: str, path: str, body: object = None) -> HttpResponse: ...


def new_body() -> dict[str, Any]:
    """Return a body that creates an item which no other test's list shows."""
    return dict(EXAMPLES.new(uuid.uuid4().hex))


def create(send: Send, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Create an item, and return it."""
    response = send("POST", ENTITY.path, body or new_body())
    assert response.status == 201, response
    item: dict[str, Any] = response.body
    return item


def path_of(item: Mapping[str, Any]) -> str:
    """Return the path of an item."""
    return f"{ENTITY.path}/{item[ENTITY.id_field]}"


def change(send: Send, item: Mapping[str, Any], *changes: Change) -> dict[str, Any]:
    """Apply changes to an item one after the other, and return the item after the last one."""
    changed = dict(item)
    for each in changes:
        response = send("PATCH", path_of(item), each.body)
        assert response.status == 200, response
        changed = response.body
    return changed


def create_with(send: Send, status: str) -> dict[str, Any]:
    """Create an item, and take it to a status by the shortest way."""
    return change(send, create(send), *EXAMPLES.path(status))
