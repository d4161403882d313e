"""The metrics that each function emits, on which the dashboard and the alarms rely."""

import json
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from common.aws.clients import client
from common.crud.entity import Entity
from common.crud.examples import examples_of
from common.entities import ENTITIES
from common.logs.logger import log_shipper
from common.logs.metrics import count, flush
from infra.spec.routes import Function, routes_of
from infra.spec.service import METRICS_NAMESPACE
from local.lambda_runtime import buckets
from tests.support.emitted_metrics import EMITTED_METRICS, METRIC_DIMENSIONS
from tests.support.entities import (
    ENTITY,
    EXAMPLES,
    change,
    create,
    create_deletable,
    create_with,
    first_change,
    path_of,
)
from tests.support.http.response import HttpResponse

if TYPE_CHECKING:
    from tests.unit.conftest import Api


def _send_every_kind_of_request(api: "Api", function: Function, entity: Entity) -> None:
    examples = examples_of(entity)
    match function:
        case "create":
            for _ in range(2):
                api("POST", entity.path, examples.least, headers={"Idempotency-Key": "key"})
        case "read":
            api("GET", entity.path)
        case "update":
            for example in examples.changes:
                item = create_with(api, example.source, entity)
                change(api, item, example, entity=entity)
        case "delete":
            api("DELETE", path_of(create_deletable(api, entity), entity))


def _fail_a_request(api: "Api", method: str) -> None:
    """Make DynamoDB fail, and S3 for so long that log lines are dropped."""
    client("s3").delete_bucket(Bucket="empty")
    for _ in range(5):
        log_shipper.add("x" * 1024 * 1024)
    item = create(api)
    # Enough time to ship the log lines, but not for a single call of DynamoDB.
    api.remaining_ms = 5_000
    assert _send(api, method, item).status == 503


def _break_a_request(api: "Api", method: str) -> None:
    """Send a request without the table, as if the stack had a bug."""
    item = create(api)
    client("dynamodb").delete_table(TableName=ENTITY.collection)
    assert _send(api, method, item).status == 500


def _send(api: "Api", method: str, item: dict[str, Any]) -> HttpResponse:
    path = ENTITY.path if method == "POST" else path_of(item)
    body = {"POST": EXAMPLES.least, "PATCH": first_change().body}.get(method)
    return api(method, path, body)


@pytest.mark.mission("Custom metrics for business logic")
@pytest.mark.parametrize("function", EMITTED_METRICS)
def test_a_function_emits_its_metrics_and_no_others(
    function: Function,
    api: "Api",
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    method = next(route.method for route in reversed(routes_of(function)))
    buckets.create_bucket(client("s3"), "empty")
    capsys.readouterr()
    for entity in ENTITIES:
        _send_every_kind_of_request(api, function, entity)
    monkeypatch.setattr(log_shipper, "_bucket", "empty")
    _fail_a_request(api, method)
    monkeypatch.undo()
    api.remaining_ms = 25_000
    _break_a_request(api, method)

    names: set[str] = set()
    for line in map(json.loads, capsys.readouterr().out.splitlines()):
        for directive in line.get("_aws", {}).get("CloudWatchMetrics", ()):
            assert directive["Namespace"] == METRICS_NAMESPACE
            assert [set(dimensions) for dimensions in directive["Dimensions"]] == [
                METRIC_DIMENSIONS
            ]
            names |= {metric["Name"] for metric in directive["Metrics"]}
    api("GET", ENTITY.path)
    if function != "create":
        # The function under test cannot create the items that it changes.
        names -= {entity.metric("created") for entity in ENTITIES}
    assert names == EMITTED_METRICS[function]


@pytest.fixture
def hasty_threads() -> Iterator[None]:
    """Let threads interrupt each other after each few instructions."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(interval)


@pytest.mark.usefixtures("hasty_threads")
def test_threads_that_count_and_flush_at_once_print_each_value_once(
    capsys: pytest.CaptureFixture[str],
) -> None:
    threads, rounds = 4, 200

    def emit(_: int) -> None:
        for _ in range(rounds):
            count("Events")
            flush()

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(emit, range(threads)))

    lines = map(json.loads, capsys.readouterr().out.splitlines())
    assert sum(sum(line["Events"]) for line in lines) == threads * rounds
