"""Every route under every fault: it succeeds or returns 503, and never writes twice."""

import time
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import pytest

from common.aws import timeouts
from infra.spec.output_names import table_output
from infra.spec.stages import STAGES
from local.deploy import STAGE
from tests.support.deployment.fault_proxy import FaultProxy, fault_proxy
from tests.support.deployment.service import Service
from tests.support.entities import (
    ENTITY,
    EXAMPLES,
    INITIAL,
    REACHABLE,
    change,
    function_for,
    new_body,
    path_of,
    replacement,
)
from tests.support.http.caller import Caller
from tests.support.http.response import HttpResponse
from tests.support.lists import query_of, stored_since
from tests.support.logs.log_groups import canonical_lines, logged_lines
from tests.support.model import increments


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

    method: str

    operation: str
    """The DynamoDB operation."""

    status: str
    """The status of the item before."""

    send: Callable[[Caller, dict[str, Any]], HttpResponse]
    """Calls the route for an item."""

    success: int
    """The status of a successful response."""

    calls: int = 1
    """The calls of DynamoDB without a fault."""

    path: str = ENTITY.item_path

    @property
    def function(self) -> str:
        """The function that answers."""
        return function_for(self.method)


# Preferably a change that increments a number besides the version, so that it shows repetitions.
CHANGE = max(EXAMPLES.changes, key=lambda change: len(increments(change.body)))
# Preferably a change that an item takes again and again, so that its status prevents none.
REPEATED = next((change for change in EXAMPLES.changes if change.keeps_status), CHANGE)


def _routes() -> dict[str, Route]:
    routes = {
        "POST": Route(
            "POST",
            "PutItem",
            INITIAL,
            lambda call, _: call("POST", ENTITY.path, new_body()),
            201,
            path=ENTITY.path,
        ),
        "PUT": Route(
            "PUT",
            "UpdateItem",
            REPEATED.source,
            lambda call, item: call("PUT", path_of(item), replacement(item, REPEATED)),
            200,
        ),
        "PATCH": Route(
            "PATCH",
            "UpdateItem",
            CHANGE.source,
            lambda call, item: call("PATCH", path_of(item), CHANGE.body),
            200,
        ),
        "GET one": Route(
            "GET", "GetItem", INITIAL, lambda call, item: call("GET", path_of(item)), 200
        ),
        "GET list": Route(
            "GET",
            "Query",
            INITIAL,
            lambda call, item: call("GET", f"{ENTITY.path}?limit=1{query_of(item)}"),
            200,
            # One for each partition.
            calls=1 if ENTITY.filters else STAGES[STAGE].shards,
            path=ENTITY.path,
        ),
    }
    deletable = [status for status in REACHABLE if status in ENTITY.deletable]
    if deletable:
        routes["DELETE"] = Route(
            "DELETE",
            "UpdateItem",
            deletable[-1],
            lambda call, item: call("DELETE", path_of(item)),
            204,
        )
    return routes


ROUTES = _routes()

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


def _new_item(call: Caller, status: str) -> dict[str, Any]:
    """Create an item with a status."""
    deadline = time.monotonic() + timeouts.LAMBDA_TIMEOUT
    # The previous test's fault may last a little longer.
    while (created := call("POST", ENTITY.path, new_body())).status != 201:
        assert time.monotonic() < deadline, created.text
    return change(call, created.body, *EXAMPLES.path(status))


def _stored(service: Service, item: dict[str, Any]) -> dict[str, Any] | None:
    key = {ENTITY.id_field: {"S": item[ENTITY.id_field]}}
    stored: dict[str, Any] = (
        service.client("dynamodb")
        .get_item(TableName=service.outputs[table_output(ENTITY)], Key=key)
        .get("Item", {})
    )
    # A deleted item leaves a tombstone.
    return stored if "status" in stored else None


def _attempts(service: Service, function: str, request_id: str) -> tuple[int, int]:
    """Return the DynamoDB attempts of a request, from its canonical line and its metrics."""
    lines = logged_lines(service, function, request_id)
    (line,) = canonical_lines(lines)
    (metrics,) = [line for line in lines if "_aws" in line]
    return line["dynamodb_attempts"], int(metrics["DynamoDBAttempts"][0])


def _write_count(service: Service, route: Route, before: dict[str, Any], began: datetime) -> int:
    """Return how often a route's write was applied, according to the table."""
    if route.method == "POST":
        return stored_since(service, began)
    item = _stored(service, before)
    if route.method == "DELETE":
        return 1 if item is None else 0
    assert item is not None
    versions: int = int(item["version"]["N"]) - before["version"]
    for name in increments((CHANGE if route.method == "PATCH" else REPEATED).body):
        assert int(item[name]["N"]) - before[name] == versions
    return versions


@pytest.mark.mission("Implement retry logic and timeout handling for DynamoDB operations")
@pytest.mark.parametrize("route", ROUTES.values(), ids=ROUTES)
@pytest.mark.parametrize("fault", RECOVERING)
def test_a_request_survives_a_temporary_fault_and_writes_once(
    fault: str, route: Route, proxy: FaultProxy, call: Caller, service: Service
) -> None:
    effect, attempts = RECOVERING[fault]
    item = _new_item(call, route.status)
    proxy.inject({"operation": route.operation, **effect})
    began = datetime.now(UTC)

    response = route.send(call, item)

    assert response.status == route.success
    if route.method != "GET":
        assert _write_count(service, route, item, began) == 1
    reported = _attempts(service, route.function, response.headers["X-Request-Id"])
    assert reported == (attempts + route.calls - 1,) * 2


@pytest.mark.parametrize("route", ROUTES.values(), ids=ROUTES)
@pytest.mark.parametrize("fault", LASTING)
def test_a_request_under_a_lasting_fault_gets_a_503(
    fault: str, route: Route, proxy: FaultProxy, call: Caller, service: Service
) -> None:
    item = _new_item(call, route.status)
    proxy.inject({"operation": route.operation, **LASTING[fault]})
    began = datetime.now(UTC)

    response = route.send(call, item)

    _assert_service_unavailable(response, route, began, service)
    if route.method != "GET":
        written = 1 if "dropped" in fault else 0
        assert _write_count(service, route, item, began) == written


@pytest.mark.parametrize("route", ROUTES.values(), ids=ROUTES)
def test_without_dynamodb_a_request_writes_nothing_and_gets_a_503(
    route: Route, proxy: FaultProxy, call: Caller, service: Service
) -> None:
    item = _new_item(call, route.status)
    began = datetime.now(UTC)
    proxy.stop()
    try:
        response = route.send(call, item)
    finally:
        proxy.start()

    _assert_service_unavailable(response, route, began, service)
    if route.method != "GET":
        assert _write_count(service, route, item, began) == 0


def _assert_service_unavailable(
    response: HttpResponse, route: Route, began: datetime, service: Service
) -> None:
    assert response.status == 503
    assert int(response.headers["Retry-After"]) > 0
    assert datetime.now(UTC) - began < timedelta(seconds=timeouts.LAMBDA_TIMEOUT)
    reported = _attempts(service, route.function, response.headers["X-Request-Id"])
    assert reported == (timeouts.DYNAMODB.attempts * route.calls,) * 2


def test_an_idempotency_key_makes_a_retry_after_a_503_safe(
    proxy: FaultProxy, call: Caller, service: Service
) -> None:
    body = new_body()
    key = {"Idempotency-Key": uuid.uuid4().hex}
    began = datetime.now(UTC)
    proxy.inject({"operation": "PutItem", **LASTING["every response dropped"]})
    lost = call("POST", ENTITY.path, body, headers=key)
    proxy.clear()

    again = call("POST", ENTITY.path, body, headers=key)

    assert (lost.status, again.status) == (503, 200)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert stored_since(service, began) == 1
