"""The metrics that each function emits, on which the dashboard and the alarms rely."""

import json
from typing import TYPE_CHECKING, Any

import pytest

from common.aws.clients import client
from common.logs.logger import log_shipper
from infra.spec.routes import Function, routes_of
from infra.spec.service import METRICS_NAMESPACE
from local.lambda_runtime import buckets
from tests.support.emitted_metrics import EMITTED_METRICS, METRIC_DIMENSIONS

if TYPE_CHECKING:
    from tests.unit.conftest import Api

NEW = {"pipeline": "resize", "input_uri": "s3://in/1.png"}
FAILURE = {"status": "FAILED", "error": {"code": "E", "message": "broken"}}


def _send_every_kind_of_request(api: "Api", function: Function, job_id: str) -> None:
    path = f"/jobs/{job_id}"
    match function:
        case "create":
            for _ in range(2):
                api("POST", "/jobs", NEW, headers={"Idempotency-Key": "key"})
        case "read":
            api("GET", "/jobs")
        case "update":
            for change in ({"status": "RUNNING"}, FAILURE, {"status": "PENDING"}):
                api("PATCH", path, change)
            for status in ("RUNNING", "SUCCEEDED"):
                api("PATCH", path, {"status": status})
            second_job = api("POST", "/jobs", NEW).body["job_id"]
            api("PATCH", f"/jobs/{second_job}", {"status": "CANCELLED"})
        case "delete":
            api("DELETE", path)


def _fail_a_request(api: "Api", method: str, job_id: str) -> None:
    """Make DynamoDB fail, and S3 for so long that log lines are dropped."""
    client("s3").delete_bucket(Bucket="empty")
    for _ in range(5):
        log_shipper.add("x" * 1024 * 1024)
    # Enough time to ship the log lines, but not for a single call of DynamoDB.
    api.remaining_ms = 5_000
    path = "/jobs" if method == "POST" else f"/jobs/{job_id}"
    body = {"POST": NEW, "PATCH": {"status": "PENDING"}}.get(method)
    assert api(method, path, body).status == 503


@pytest.mark.mission("Custom metrics for business logic")
@pytest.mark.parametrize("function", EMITTED_METRICS)
def test_a_function_emits_its_metrics_and_no_others(
    function: Function,
    new_job: dict[str, Any],
    api: "Api",
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    method = next(route.method for route in reversed(routes_of(function)))
    buckets.create_bucket(client("s3"), "empty")
    capsys.readouterr()
    _send_every_kind_of_request(api, function, new_job["job_id"])
    monkeypatch.setattr(log_shipper, "_bucket", "empty")
    _fail_a_request(api, method, new_job["job_id"])
    monkeypatch.undo()
    api.remaining_ms = 25_000

    names: set[str] = set()
    for line in map(json.loads, capsys.readouterr().out.splitlines()):
        for directive in line.get("_aws", {}).get("CloudWatchMetrics", ()):
            assert directive["Namespace"] == METRICS_NAMESPACE
            assert [set(dimensions) for dimensions in directive["Dimensions"]] == [
                METRIC_DIMENSIONS
            ]
            names |= {metric["Name"] for metric in directive["Metrics"]}
    api("GET", "/jobs")
    if function == "update":
        # The function under test cannot register the job that it cancels.
        names.discard("JobsCreated")
    assert names == EMITTED_METRICS[function]


def test_durations_are_emitted_in_milliseconds(
    new_job: dict[str, Any], api: "Api", capsys: pytest.CaptureFixture[str]
) -> None:
    path = f"/jobs/{new_job['job_id']}"
    capsys.readouterr()
    changes = ({"status": "RUNNING"}, FAILURE, {"status": "PENDING"}, {"status": "RUNNING"})
    for change in changes:
        assert api("PATCH", path, change).status == 200

    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    metrics = [line for line in lines if "_aws" in line]
    (queue,) = [line for line in metrics if "QueueTime" in line]
    (run,) = [line for line in metrics if "RunTime" in line]
    for line, name in ((queue, "QueueTime"), (run, "RunTime")):
        (directive,) = line["_aws"]["CloudWatchMetrics"]
        assert {"Name": name, "Unit": "Milliseconds"} in directive["Metrics"]
        assert 0 <= line[name][0] < 60_000
