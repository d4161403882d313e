"""The documented limits: a request at the limit is accepted, and a request above it is refused.

The tests use HTTP, because API Gateway checks some limits before the functions.
"""

import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from common.contract import MAX_BODY_BYTES, MAX_DEPTH, MAX_ENTITY_TAGS, MAX_PAGE_SIZE
from common.entities.jobs.rules import MAX_PARAMETERS_BYTES
from tests.support.http.caller import Caller
from tests.support.http.response import HttpResponse


@dataclass(frozen=True)
class Limit:
    """A limit on a size in a request."""

    name: str

    maximum: int
    """The largest accepted size."""

    status: int
    """The status of the response to a request outside the limits."""

    send: Callable[[Caller, int], HttpResponse]
    """Sends a request of a given size."""

    minimum: int = 0
    """The smallest accepted size; 0 for no lower limit."""


def _create(call: Caller, **fields: Any) -> HttpResponse:
    return call("POST", "/jobs", {"pipeline": "limits", "input_uri": "s3://in/1", **fields})


def _update(call: Caller, **fields: Any) -> HttpResponse:
    """Create and start a job, and update it with ``fields``."""
    path = f"/jobs/{_create(call).body['job_id']}"
    assert call("PATCH", path, {"status": "RUNNING"}).status == 200
    return call("PATCH", path, fields)


def _body(call: Caller, size: int) -> HttpResponse:
    text = json.dumps({"pipeline": "limits", "input_uri": "s3://in/1"})
    return call("POST", "/jobs", text.ljust(size))


def _nested(call: Caller, levels: int) -> HttpResponse:
    inner: Any = 1
    for _ in range(levels - 2):
        inner = [inner]
    return _create(call, parameters={"a": inner})


def _parameters(call: Caller, size: int) -> HttpResponse:
    return _create(call, parameters={"a": "x" * (size - len('{"a":""}'))})


def _escaped_parameters(call: Caller, size: int) -> HttpResponse:
    escaped, rest = divmod(size - len('{"a":""}'), len("\\u00e9"))
    return _create(call, parameters={"a": "é" * escaped + "x" * rest})


def _uri(length: int) -> str:
    return "s3://in/".ljust(length, "x")


def _idempotency_key(call: Caller, length: int) -> HttpResponse:
    key = uuid.uuid4().hex.ljust(length, "x")[:length]
    body = {"pipeline": "limits", "input_uri": f"s3://in/{uuid.uuid4()}"}
    return call("POST", "/jobs", body, headers={"Idempotency-Key": key})


def _entity_tags(call: Caller, tags: int) -> HttpResponse:
    path = f"/jobs/{_create(call).body['job_id']}"
    tag = ", ".join(f'"{tags - n}"' for n in range(tags))
    return call("PATCH", path, {"status": "RUNNING"}, headers={"If-Match": tag})


def _fail(call: Caller, code: str = "E1", message: str = "no") -> HttpResponse:
    return _update(call, status="FAILED", error={"code": code, "message": message})


LIMITS = (
    Limit("bytes of a body", MAX_BODY_BYTES, 413, _body),
    Limit("levels of a body", MAX_DEPTH, 400, _nested),
    Limit("bytes of parameters", MAX_PARAMETERS_BYTES, 422, _parameters),
    Limit("bytes of escaped parameters", MAX_PARAMETERS_BYTES, 422, _escaped_parameters),
    Limit("characters of input_uri", 2_048, 400, lambda call, n: _create(call, input_uri=_uri(n))),
    Limit(
        "characters of output_uri",
        2_048,
        400,
        lambda call, n: _update(call, status="SUCCEEDED", output_uri=_uri(n)),
    ),
    Limit("characters of pipeline", 63, 400, lambda call, n: _create(call, pipeline="p" * n), 1),
    Limit("characters of an error's code", 64, 400, lambda call, n: _fail(call, "E" * n), 1),
    Limit(
        "characters of an error's message",
        1_024,
        400,
        lambda call, n: _fail(call, message="é" * n),
        1,
    ),
    Limit("progress", 100, 400, lambda call, n: _update(call, progress=n)),
    Limit("jobs on a page", MAX_PAGE_SIZE, 400, lambda call, n: call("GET", f"/jobs?limit={n}"), 1),
    Limit("characters of an Idempotency-Key", 255, 400, _idempotency_key),
    Limit("ETags in If-Match", MAX_ENTITY_TAGS, 400, _entity_tags),
)


@pytest.mark.parametrize("limit", LIMITS, ids=lambda limit: limit.name)
def test_an_upper_limit_is_exact(limit: Limit, call: Caller) -> None:
    for size in (limit.maximum - 1, limit.maximum):
        response = limit.send(call, size)
        assert response.status in {200, 201}, response.text
    response = limit.send(call, limit.maximum + 1)
    assert response.status == limit.status, response.text
    assert response.headers["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize(
    "limit", [limit for limit in LIMITS if limit.minimum], ids=lambda limit: limit.name
)
def test_a_lower_limit_is_exact(limit: Limit, call: Caller) -> None:
    assert limit.send(call, limit.minimum).status in {200, 201}
    assert limit.send(call, limit.minimum - 1).status == limit.status
