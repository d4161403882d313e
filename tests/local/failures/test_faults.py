"""Every route under every fault: success or 503, and each write once or not at all."""

import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pytest

from common.aws import timeouts
from tests.support.deployment.fault_proxy import FaultProxy, fault_proxy
from tests.support.deployment.service import Service
from tests.support.http.caller import Caller
from tests.support.http.response import HttpResponse
from tests.support.logs.log_groups import canonical_lines, logged_lines


@pytest.fixture(scope="module")
def proxy(service: Service, call: Caller) -> Iterator[FaultProxy]:
    with fault_proxy(service, call) as faults:
        yield faults


@pytest.fixture
def faults(proxy: FaultProxy) -> Iterator[FaultProxy]:
    yield proxy
    proxy.clear()


class Route(NamedTuple):
    """How to call a route on a job, and the DynamoDB operation behind it."""

    function: str
    operation: str
    send: Callable[[Caller, str], HttpResponse]
    success: int


ROUTES = {
    "POST": Route(
        "create",
        "PutItem",
        lambda call, job_id: call("POST", "/jobs", {"pipeline": job_id, "input_uri": "s3://in/1"}),
        201,
    ),
    "PUT": Route(
        "update",
        "UpdateItem",
        lambda call, job_id: call("PUT", f"/jobs/{job_id}", {"status": "PENDING"}),
        200,
    ),
    "PATCH": Route(
        "update",
        "UpdateItem",
        lambda call, job_id: call("PATCH", f"/jobs/{job_id}", {"status": "PENDING"}),
        200,
    ),
    "DELETE": Route(
        "delete", "DeleteItem", lambda call, job_id: call("DELETE", f"/jobs/{job_id}"), 204
    ),
    "GET one": Route("read", "GetItem", lambda call, job_id: call("GET", f"/jobs/{job_id}"), 200),
    "GET list": Route(
        "read", "Query", lambda call, job_id: call("GET", f"/jobs?pipeline={job_id}"), 200
    ),
}

RECOVERING: dict[str, tuple[dict[str, Any], int]] = {
    "throttled twice": ({"times": 2, "error": {"code": "ThrottlingException"}}, 3),
    "500 once": ({"times": 1, "error": {"code": "InternalServerError"}}, 2),
    "reset before the commit": ({"times": 1, "reset": True}, 2),
    "answer dropped after the commit": ({"times": 1, "response": {"abort_bytes": 0}}, 2),
    "answer later than the read timeout": (
        {"times": 1, "latency": int((timeouts.DYNAMODB.read + 0.5) * 1000)},
        2,
    ),
}
"""Faults that a retry survives, and the attempts it takes."""

LASTING: dict[str, dict[str, Any]] = {
    "throttled for ever": {"error": {"code": "ProvisionedThroughputExceededException"}},
    "every answer dropped": {"response": {"abort_bytes": 0}},
}


@pytest.fixture
def failed_job(call: Caller) -> dict[str, Any]:
    """A job in a status from which it can be read, tried again and deleted."""
    deadline = time.monotonic() + timeouts.LAMBDA_TIMEOUT
    # The fault of the test before may last a little longer.
    while (
        created := call("POST", "/jobs", {"pipeline": "faults", "input_uri": "s3://in/1"})
    ).status != 201:
        assert time.monotonic() < deadline, created.text
    job_id = created.body["job_id"]
    call("PATCH", f"/jobs/{job_id}", {"status": "RUNNING"})
    failure = {"status": "FAILED", "error": {"code": "E", "message": "broken"}}
    failed = call("PATCH", f"/jobs/{job_id}", failure)
    assert failed.status == 200
    body: dict[str, Any] = failed.body
    return body


def _item(service: Service, job_id: str) -> dict[str, Any] | None:
    item: dict[str, Any] | None = (
        service.client("dynamodb")
        .get_item(TableName=service.outputs["TableName"], Key={"job_id": {"S": job_id}})
        .get("Item")
    )
    return item


def _registered(service: Service, pipeline: str) -> int:
    answer = service.client("dynamodb").query(
        TableName=service.outputs["TableName"],
        IndexName="by-pipeline",
        KeyConditionExpression="pipeline = :p",
        ExpressionAttributeValues={":p": {"S": pipeline}},
    )
    return int(answer["Count"])


def _attempts(service: Service, function: str, request_id: str) -> tuple[int, int]:
    """The attempts that the canonical line and the metrics of a request tell."""
    lines = logged_lines(service, function, request_id)
    (line,) = canonical_lines(lines)
    (metrics,) = [line for line in lines if "_aws" in line]
    return line["dynamodb_attempts"], int(metrics["DynamoDBAttempts"][0])


def _written(service: Service, route: str, before: dict[str, Any]) -> int:
    """How often the write of a route has been applied to a job, from what the table holds."""
    if route == "POST":
        return _registered(service, before["job_id"])
    item = _item(service, before["job_id"])
    if route == "DELETE":
        return 1 if item is None else 0
    assert item is not None
    versions: int = int(item["version"]["N"]) - before["version"]
    assert int(item["attempt"]["N"]) - before["attempt"] == versions
    return versions


@pytest.mark.parametrize("name", ROUTES)
@pytest.mark.parametrize("fault", RECOVERING)
def test_a_request_survives_a_passing_fault_and_writes_once(
    fault: str,
    name: str,
    failed_job: dict[str, Any],
    faults: FaultProxy,
    call: Caller,
    service: Service,
) -> None:
    route = ROUTES[name]
    effect, attempts = RECOVERING[fault]
    faults.inject({"operation": route.operation, **effect})

    answer = route.send(call, failed_job["job_id"])

    assert answer.status == route.success
    if not name.startswith("GET"):
        assert _written(service, name, failed_job) == 1
    told = _attempts(service, route.function, answer.headers["X-Request-Id"])
    assert told == (attempts, attempts)


@pytest.mark.parametrize("name", ROUTES)
@pytest.mark.parametrize("fault", LASTING)
def test_a_request_under_a_lasting_fault_is_told_to_try_again(
    fault: str,
    name: str,
    failed_job: dict[str, Any],
    faults: FaultProxy,
    call: Caller,
    service: Service,
) -> None:
    route = ROUTES[name]
    faults.inject({"operation": route.operation, **LASTING[fault]})
    began = time.monotonic()

    answer = route.send(call, failed_job["job_id"])

    _assert_told_to_try_again(answer, route, began, service)
    if not name.startswith("GET"):
        assert _written(service, name, failed_job) == (1 if "dropped" in fault else 0)


@pytest.mark.parametrize("name", ROUTES)
def test_with_dynamodb_out_of_reach_nothing_is_written_and_the_caller_told_to_try_again(
    name: str, failed_job: dict[str, Any], faults: FaultProxy, call: Caller, service: Service
) -> None:
    route = ROUTES[name]
    began = time.monotonic()
    faults.stop()
    try:
        answer = route.send(call, failed_job["job_id"])
    finally:
        faults.start()

    _assert_told_to_try_again(answer, route, began, service)
    if not name.startswith("GET"):
        assert _written(service, name, failed_job) == 0


def _assert_told_to_try_again(
    answer: HttpResponse, route: Route, began: float, service: Service
) -> None:
    assert answer.status == 503
    assert int(answer.headers["Retry-After"]) > 0
    assert time.monotonic() - began < timeouts.LAMBDA_TIMEOUT
    told = _attempts(service, route.function, answer.headers["X-Request-Id"])
    assert told == (timeouts.DYNAMODB.attempts,) * 2


def test_an_idempotency_key_makes_a_503_safe_to_repeat(
    faults: FaultProxy, call: Caller, service: Service, pipeline: str
) -> None:
    body = {"pipeline": pipeline, "input_uri": "s3://in/1"}
    faults.inject({"operation": "PutItem", **LASTING["every answer dropped"]})
    lost = call("POST", "/jobs", body, headers={"Idempotency-Key": pipeline})
    faults.clear()

    again = call("POST", "/jobs", body, headers={"Idempotency-Key": pipeline})

    assert (lost.status, again.status) == (503, 200)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert _registered(service, pipeline) == 1
