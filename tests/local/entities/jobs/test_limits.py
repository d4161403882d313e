"""The limits of a job's fields: a request at the limit is accepted, one above it refused."""

import json
from typing import Any

import pytest

from common.entities.jobs.rules import MAX_PARAMETERS_BYTES
from tests.support.http.caller import Caller
from tests.support.http.limits import Limit
from tests.support.http.response import HttpResponse


def _create(call: Caller, **fields: Any) -> HttpResponse:
    return call("POST", "/jobs", {"pipeline": "limits", "input_uri": "s3://in/1", **fields})


def _update(call: Caller, **fields: Any) -> HttpResponse:
    """Create and start a job, and update it with ``fields``."""
    path = f"/jobs/{_create(call).body['job_id']}"
    assert call("PATCH", path, {"status": "RUNNING"}).status == 200
    return call("PATCH", path, fields)


def _parameters(call: Caller, size: int) -> HttpResponse:
    return _create(call, parameters={"a": "x" * (size - len('{"a":""}'))})


def _parameters_in_japanese(call: Caller, size: int) -> HttpResponse:
    characters, rest = divmod(size - len('{"a":""}'), len("日".encode()))
    parameters = {"a": "日" * characters + "x" * rest}
    body = {"pipeline": "limits", "input_uri": "s3://in/1", "parameters": parameters}
    return call("POST", "/jobs", json.dumps(body, ensure_ascii=False).encode())


def _uri(length: int) -> str:
    return "s3://in/".ljust(length, "x")


def _fail(call: Caller, code: str = "E1", message: str = "no") -> HttpResponse:
    return _update(call, status="FAILED", error={"code": code, "message": message})


LIMITS = (
    Limit("bytes of parameters", MAX_PARAMETERS_BYTES, 422, _parameters),
    Limit("bytes of parameters in Japanese", MAX_PARAMETERS_BYTES, 422, _parameters_in_japanese),
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
)


@pytest.mark.parametrize("limit", LIMITS, ids=lambda limit: limit.name)
def test_a_limit_of_a_field_is_exact(limit: Limit, call: Caller) -> None:
    limit.assert_exact(call)
