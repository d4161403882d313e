"""Every route under every fault: it succeeds or returns 503, and never writes twice."""

import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pytest

from common.aws import timeouts
from infra.spec.output_names import table_output
from tests.support.deployment.fault_proxy import FaultProxy, fault_proxy
from tests.support.deployment.service import Service
from tests.support.entities import ENTITY
from tests.support.http.caller import Caller
from tests.support.http.response import HttpResponse
from tests.support.logs.log_groups import canonical_lines, logged_lines


@pytest.fixture(scope="module")
def shared_proxy(service: Service, call: Caller) -> Iterator[FaultProxy]:
    """The fault proxy of this file."""
    with fault_proxy(service, call) as proxy:
        yield proxy


@pytest.fixture
def proxy(shared_proxy: FaultProxy) -> Iterator[FaultProxy]:
    """The fault proxy, without rules at the beginning of a test."""
    yield shared_proxy
    shared_proxy.clear()


class Route(NamedTuple):
    """A route, and the DynamoDB operation that it uses."""

    function: str

    operation: str
    """The DynamoDB operation."""

    send: Callable[[Caller, str], HttpResponse]
    """Calls the route for a job id."""

    success: int
    """The status of a successful response."""


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
    "response dropped after the commit": ({"times": 1, "response": {"abort_bytes": 0}}, 2),
    "response after the read timeout": (
        {"times": 1, "latency": int((timeouts.DYNAMODB.read + 0.5) * 1000)},
        2,
    ),
}
"""Faults that retries survive, and the number of attempts."""

LASTING: dict[str, dict[str, Any]] = {
    "throttled forever": {"error": {"code": "ProvisionedThroughputExceededException"}},
    "every response dropped": {"response": {"abort_bytes": 0}},
}


@pytest.fixture
def failed_job(call: Caller) -> dict[str, Any]:
    """A failed job: it can be read, retried and deleted."""
    deadline = time.monotonic() + timeouts.LAMBDA_TIMEOUT
    # The previous test's fault may last a little longer.
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
        .get_item(TableName=service.outputs[table_output(ENTITY)], Key={"job_id": {"S": job_id}})
        .get("Item")
    )
    return item


def _job_count(service: Service, pipeline: str) -> int:
    result = service.client("dynamodb").query(
        TableName=service.outputs[table_output(ENTITY)],
        IndexName="by-pipeline",
        KeyConditionExpression="pipeline = :p",
        ExpressionAttributeValues={":p": {"S": pipeline}},
    )
    return int(result["Count"])


def _attempts(service: Service, function: str, request_id: str) -> tuple[int, int]:
    """Return the DynamoDB attempts of a request, from its canonical line and its metrics."""
    lines = logged_lines(service, function, request_id)
    (line,) = canonical_lines(lines)
    (metrics,) = [line for line in lines if "_aws" in line]
    return line["dynamodb_attempts"], int(metrics["DynamoDBAttempts"][0])


def _write_count(service: Service, route: str, before: dict[str, Any]) -> int:
    """Return how often a route's write was applied to a job, according to the table."""
    if route == "POST":
        return _job_count(service, before["job_id"])
    item = _item(service, before["job_id"])
    if route == "DELETE":
        return 1 if item is None else 0
    assert item is not None
    versions: int = int(item["version"]["N"]) - before["version"]
    assert int(item["attempt"]["N"]) - before["attempt"] == versions
    return versions


@pytest.mark.mission("Implement retry logic and timeout handling for DynamoDB operations")
@pytest.mark.parametrize("name", ROUTES)
@pytest.mark.parametrize("fault", RECOVERING)
def test_a_request_survives_a_temporary_fault_and_writes_once(
    fault: str,
    name: str,
    failed_job: dict[str, Any],
    proxy: FaultProxy,
    call: Caller,
    service: Service,
) -> None:
    route = ROUTES[name]
    effect, attempts = RECOVERING[fault]
    proxy.inject({"operation": route.operation, **effect})

    response = route.send(call, failed_job["job_id"])

    assert response.status == route.success
    if not name.startswith("GET"):
        assert _write_count(service, name, failed_job) == 1
    reported = _attempts(service, route.function, response.headers["X-Request-Id"])
    assert reported == (attempts, attempts)


@pytest.mark.parametrize("name", ROUTES)
@pytest.mark.parametrize("fault", LASTING)
def test_a_request_under_a_lasting_fault_gets_a_503(
    fault: str,
    name: str,
    failed_job: dict[str, Any],
    proxy: FaultProxy,
    call: Caller,
    service: Service,
) -> None:
    route = ROUTES[name]
    proxy.inject({"operation": route.operation, **LASTING[fault]})
    began = time.monotonic()

    response = route.send(call, failed_job["job_id"])

    _assert_service_unavailable(response, route, began, service)
    if not name.startswith("GET"):
        assert _write_count(service, name, failed_job) == (1 if "dropped" in fault else 0)


@pytest.mark.parametrize("name", ROUTES)
def test_without_dynamodb_a_request_writes_nothing_and_gets_a_503(
    name: str, failed_job: dict[str, Any], proxy: FaultProxy, call: Caller, service: Service
) -> None:
    route = ROUTES[name]
    began = time.monotonic()
    proxy.stop()
    try:
        response = route.send(call, failed_job["job_id"])
    finally:
        proxy.start()

    _assert_service_unavailable(response, route, began, service)
    if not name.startswith("GET"):
        assert _write_count(service, name, failed_job) == 0


def _assert_service_unavailable(
    response: HttpResponse, route: Route, began: float, service: Service
) -> None:
    assert response.status == 503
    assert int(response.headers["Retry-After"]) > 0
    assert time.monotonic() - began < timeouts.LAMBDA_TIMEOUT
    reported = _attempts(service, route.function, response.headers["X-Request-Id"])
    assert reported == (timeouts.DYNAMODB.attempts,) * 2


def test_an_idempotency_key_makes_a_retry_after_a_503_safe(
    proxy: FaultProxy, call: Caller, service: Service, pipeline: str
) -> None:
    body = {"pipeline": pipeline, "input_uri": "s3://in/1"}
    proxy.inject({"operation": "PutItem", **LASTING["every response dropped"]})
    lost = call("POST", "/jobs", body, headers={"Idempotency-Key": pipeline})
    proxy.clear()

    again = call("POST", "/jobs", body, headers={"Idempotency-Key": pipeline})

    assert (lost.status, again.status) == (503, 200)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert _job_count(service, pipeline) == 1
