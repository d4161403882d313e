"""Each documented limit: at the limit and one below it a request goes through, above it does not.

Over HTTP, because the gateway judges first.
"""

import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from common.contract import MAX_BODY_BYTES, MAX_DEPTH, MAX_ENTITY_TAGS, MAX_PAGE_SIZE
from common.jobs.model import MAX_PARAMETERS_BYTES
from tests.support.http.caller import Caller
from tests.support.http.response import HttpResponse


@dataclass(frozen=True)
class Limit:
    """A limit on the size of something.

    Args:
        what: What is limited.
        most: The limit.
        refused: The status of the answer above it.
        send: Sends a request with that size.
        least: The lower limit, with the same status below it; 0 for none.
    """

    what: str
    most: int
    refused: int
    send: Callable[[Caller, int], HttpResponse]
    least: int = 0


def _create(call: Caller, **fields: Any) -> HttpResponse:
    return call("POST", "/jobs", {"pipeline": "limits", "input_uri": "s3://in/1", **fields})


def _end(call: Caller, **fields: Any) -> HttpResponse:
    """Start a job, and end it."""
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


def _keyed(call: Caller, length: int) -> HttpResponse:
    key = uuid.uuid4().hex.ljust(length, "x")[:length]
    body = {"pipeline": "limits", "input_uri": f"s3://in/{uuid.uuid4()}"}
    return call("POST", "/jobs", body, headers={"Idempotency-Key": key})


def _tagged(call: Caller, tags: int) -> HttpResponse:
    path = f"/jobs/{_create(call).body['job_id']}"
    tag = ", ".join(f'"{tags - n}"' for n in range(tags))
    return call("PATCH", path, {"status": "RUNNING"}, headers={"If-Match": tag})


def _failed(call: Caller, code: str = "E1", message: str = "no") -> HttpResponse:
    return _end(call, status="FAILED", error={"code": code, "message": message})


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
        lambda call, n: _end(call, status="SUCCEEDED", output_uri=_uri(n)),
    ),
    Limit("characters of pipeline", 63, 400, lambda call, n: _create(call, pipeline="p" * n), 1),
    Limit("characters of an error's code", 64, 400, lambda call, n: _failed(call, "E" * n), 1),
    Limit(
        "characters of an error's message",
        1_024,
        400,
        lambda call, n: _failed(call, message="é" * n),
        1,
    ),
    Limit("progress", 100, 400, lambda call, n: _end(call, progress=n)),
    Limit("jobs on a page", MAX_PAGE_SIZE, 400, lambda call, n: call("GET", f"/jobs?limit={n}"), 1),
    Limit("characters of an Idempotency-Key", 255, 400, _keyed),
    Limit("ETags in If-Match", MAX_ENTITY_TAGS, 400, _tagged),
)


@pytest.mark.parametrize("limit", LIMITS, ids=lambda limit: limit.what)
def test_a_limit_holds_exactly(limit: Limit, call: Caller) -> None:
    for size in (limit.most - 1, limit.most):
        answer = limit.send(call, size)
        assert answer.status in {200, 201}, answer.text
    answer = limit.send(call, limit.most + 1)
    assert answer.status == limit.refused, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize(
    "limit", [limit for limit in LIMITS if limit.least], ids=lambda limit: limit.what
)
def test_a_lower_limit_holds_too(limit: Limit, call: Caller) -> None:
    assert limit.send(call, limit.least).status in {200, 201}
    assert limit.send(call, limit.least - 1).status == limit.refused
