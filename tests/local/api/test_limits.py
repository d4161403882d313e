"""The documented limits of each entity: a request at the limit is accepted, one above it refused.

The tests use HTTP, because API Gateway checks some limits before the functions.
"""

import json
import uuid
from typing import Any

import pytest
from jsonschema import Draft4Validator

from common.contract import MAX_BODY_BYTES, MAX_DEPTH, MAX_ENTITY_TAGS, MAX_PAGE_SIZE
from infra.spec.schemas import schemas
from tests.support.entities import ENTITY, create, first_change, new_body, path_of
from tests.support.http.caller import Caller
from tests.support.http.limits import Limit
from tests.support.http.response import HttpResponse


def _free_fields() -> list[str]:
    """Return the fields of a create that may hold any object."""
    fields = schemas()[f"{ENTITY.type_name}Create"]["properties"]
    anything = {"a": [[1]]}
    return [name for name, field in fields.items() if Draft4Validator(field).is_valid(anything)]


def _body(call: Caller, size: int) -> HttpResponse:
    return call("POST", ENTITY.path, json.dumps(new_body()).ljust(size))


def _nested(call: Caller, levels: int) -> HttpResponse:
    inner: Any = 1
    for _ in range(levels - 2):
        inner = [inner]
    return call("POST", ENTITY.path, {**new_body(), _free_fields()[0]: {"a": inner}})


def _idempotency_key(call: Caller, length: int) -> HttpResponse:
    key = uuid.uuid4().hex.ljust(length, "x")[:length]
    return call("POST", ENTITY.path, new_body(), headers={"Idempotency-Key": key})


def _entity_tags(call: Caller, tags: int) -> HttpResponse:
    path = path_of(create(call))
    others = [f'"{n}"' for n in range(tags - 1)]
    value = ", ".join([*others, call("GET", path).headers["ETag"]])
    return call("PATCH", path, first_change().body, headers={"If-Match": value})


LIMITS = (
    Limit("bytes of a body", MAX_BODY_BYTES, 413, _body),
    # At other fields, API Gateway refuses a nested value before the function counts the levels.
    *([Limit("levels of a body", MAX_DEPTH, 400, _nested)] if _free_fields() else []),
    Limit(
        "items on a page",
        MAX_PAGE_SIZE,
        400,
        lambda call, n: call("GET", f"{ENTITY.path}?limit={n}"),
        1,
    ),
    Limit("characters of an Idempotency-Key", 255, 400, _idempotency_key),
    Limit("ETags in If-Match", MAX_ENTITY_TAGS, 400, _entity_tags),
)


@pytest.mark.parametrize("limit", LIMITS, ids=lambda limit: limit.name)
def test_a_limit_is_exact(limit: Limit, call: Caller) -> None:
    limit.assert_exact(call)
