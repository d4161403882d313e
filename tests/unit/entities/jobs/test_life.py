"""The life of a job: its transitions, the fields that follow from them, events and durations."""

import json
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from common.crud import table
from common.crud.changes import merge_patch
from common.dynamodb.revisions import Precondition
from common.entities.jobs import JOBS

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

    from tests.unit.conftest import Api

ERROR = {"code": "OOM", "message": "out of memory"}
DAY = 86_400

BODIES: dict[str, dict[str, Any]] = {
    "PENDING": {"status": "PENDING"},
    "RUNNING": {"status": "RUNNING"},
    "SUCCEEDED": {"status": "SUCCEEDED"},
    "FAILED": {"status": "FAILED", "error": ERROR},
    "CANCELLED": {"status": "CANCELLED"},
}
STEPS = {
    "PENDING": [],
    "RUNNING": ["RUNNING"],
    "SUCCEEDED": ["RUNNING", "SUCCEEDED"],
    "FAILED": ["RUNNING", "FAILED"],
    "CANCELLED": ["CANCELLED"],
}
ALLOWED = {
    ("PENDING", "RUNNING"),
    ("PENDING", "CANCELLED"),
    ("RUNNING", "RUNNING"),
    ("RUNNING", "SUCCEEDED"),
    ("RUNNING", "FAILED"),
    ("RUNNING", "CANCELLED"),
    ("FAILED", "PENDING"),
}


def _advance_to(api: "Api", path: str, status: str) -> None:
    for step in STEPS[status]:
        assert api("PATCH", path, BODIES[step]).status == 200


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
@pytest.mark.parametrize("after", BODIES)
@pytest.mark.parametrize("before", BODIES)
def test_only_the_allowed_transitions_succeed(
    before: str, after: str, method: str, api: "Api", new_job: dict[str, Any], table: "Table"
) -> None:
    path = f"/jobs/{new_job['job_id']}"
    _advance_to(api, path, before)
    item = table.scan()["Items"]

    response = api(method, path, BODIES[after])

    if (before, after) in ALLOWED:
        assert response.status == 200
        assert response.body["status"] == after
        assert response.body["version"] == 2 + len(STEPS[before])
        assert response.headers["ETag"].startswith(f'"{response.body["version"]}-')
    else:
        assert response.status == 409
        assert before in response.body["detail"]
        assert table.scan()["Items"] == item


def test_a_job_that_succeeds_has_its_times_and_its_output(
    api: "Api", new_job: dict[str, Any]
) -> None:
    path = f"/jobs/{new_job['job_id']}"
    start = api("PATCH", path, {"status": "RUNNING"}).body
    report = api("PATCH", path, {"progress": 40}).body
    end = api("PATCH", path, {"status": "SUCCEEDED", "output_uri": "s3://out/1"}).body

    assert start["started_at"] == start["updated_at"]
    assert report["started_at"] == start["started_at"]
    assert report["progress"] == 40
    assert end["progress"] == 40
    assert end["output_uri"] == "s3://out/1"
    assert end["finished_at"] == end["updated_at"]
    assert abs(end["expires_at"] - (time.time() + 7 * DAY)) < 60
    assert end["attempt"] == 1


def test_a_new_attempt_resets_a_failed_job(api: "Api", new_job: dict[str, Any]) -> None:
    path = f"/jobs/{new_job['job_id']}"
    _advance_to(api, path, "RUNNING")
    failure = api("PATCH", path, {"status": "FAILED", "error": ERROR, "progress": 70}).body
    assert failure["error"] == ERROR

    retry = api("PATCH", path, {"status": "PENDING"}).body

    assert retry == {
        **new_job,
        "attempt": 2,
        "version": 4,
        "updated_at": retry["updated_at"],
    }


def test_a_replacement_resets_the_fields_that_it_omits(api: "Api", new_job: dict[str, Any]) -> None:
    path = f"/jobs/{new_job['job_id']}"
    _advance_to(api, path, "RUNNING")
    api("PATCH", path, {"progress": 40})

    assert api("PUT", path, {"status": "RUNNING"}).body["progress"] == 0


def test_a_null_in_a_patch_clears_the_field(api: "Api", new_job: dict[str, Any]) -> None:
    path = f"/jobs/{new_job['job_id']}"
    _advance_to(api, path, "RUNNING")
    api("PATCH", path, {"progress": 40})

    assert api("PATCH", path, {"progress": None, "error": None}).body["progress"] == 0


def test_only_a_running_job_takes_a_progress_report(api: "Api", new_job: dict[str, Any]) -> None:
    assert api("PATCH", f"/jobs/{new_job['job_id']}", {"progress": 1}).status == 409


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"status": "FAILED"}, "/error"),
        ({"status": "SUCCEEDED", "error": ERROR}, "/error"),
        ({"status": "RUNNING", "output_uri": "s3://out/1"}, "/output_uri"),
        ({"status": "PENDING", "progress": 1}, "/progress"),
    ],
)
def test_fields_that_do_not_fit_the_status_are_refused(
    body: dict[str, Any], pointer: str, method: str, api: "Api", new_job: dict[str, Any]
) -> None:
    path = f"/jobs/{new_job['job_id']}"

    response = api(method, path, body)

    assert response.status == 422
    assert [error["pointer"] for error in response.body["errors"]] == [pointer]
    assert api("GET", path).body == new_job


@pytest.mark.parametrize(
    ("method", "body", "pointer"),
    [
        ("PUT", {}, "/status"),
        ("PUT", {"status": "DONE"}, "/status"),
        ("PUT", {"status": "RUNNING", "progress": None}, "/progress"),
        ("PATCH", {}, ""),
        ("PATCH", {"status": None}, "/status"),
        ("PATCH", {"progress": 101}, "/progress"),
        ("PATCH", {"progress": -1}, "/progress"),
        ("PATCH", {"progress": "50"}, "/progress"),
        ("PATCH", {"progress": True}, "/progress"),
        ("PATCH", {"status": "FAILED", "error": {"code": "X"}}, "/error/message"),
        ("PATCH", {"version": 9}, "/version"),
    ],
)
def test_an_invalid_body_is_refused_and_changes_nothing(
    method: str, body: dict[str, Any], pointer: str, api: "Api", new_job: dict[str, Any]
) -> None:
    path = f"/jobs/{new_job['job_id']}"

    response = api(method, path, body)

    assert response.status == 400
    assert pointer in [error["pointer"] for error in response.body["errors"]]
    assert api("GET", path).body == new_job


def test_a_retry_after_a_lost_answer_emits_the_metrics_of_its_own_change(
    api: "Api", new_job: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    path = f"/jobs/{new_job['job_id']}"
    _advance_to(api, path, "RUNNING")
    api("PATCH", path, BODIES["FAILED"], invocation_id="invocation-1")
    api("PATCH", path, BODIES["PENDING"])
    capsys.readouterr()

    retry = api("PATCH", path, BODIES["FAILED"], invocation_id="invocation-1")

    assert retry.status == 200
    output = capsys.readouterr().out
    assert '"JobsFailed":[1.0]' in output
    assert "JobsRetried" not in output


def test_a_retry_after_a_lost_answer_emits_no_run_time_of_a_later_change(
    api: "Api", new_job: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    path = f"/jobs/{new_job['job_id']}"
    _advance_to(api, path, "FAILED")
    api("PATCH", path, BODIES["PENDING"], invocation_id="invocation-1")
    _advance_to(api, path, "SUCCEEDED")
    capsys.readouterr()

    retry = api("PATCH", path, BODIES["PENDING"], invocation_id="invocation-1")

    assert retry.body["status"] == "SUCCEEDED"
    output = capsys.readouterr().out
    assert '"JobsRetried":[1.0]' in output
    assert "RunTime" not in output


def test_of_two_workers_that_start_a_job_in_the_same_millisecond_one_counts(
    new_job: dict[str, Any],
) -> None:
    now = datetime.now(UTC)
    change = merge_patch(JOBS, {"status": "RUNNING"}, now=now, retention=lambda: None)
    events = []
    for worker in ("invocation-1", "invocation-2", "invocation-1"):
        stored = table.update(
            JOBS,
            new_job["job_id"],
            change,
            precondition=Precondition(),
            invocation_id=worker,
        )
        assert stored
        events.append(JOBS.rules.event(change, stored.item, stored.filled))

    assert events == ["started", None, "started"]


def test_a_running_job_cannot_be_deleted(api: "Api", new_job: dict[str, Any]) -> None:
    path = f"/jobs/{new_job['job_id']}"
    api("PATCH", path, {"status": "RUNNING"})

    response = api("DELETE", path)

    assert response.status == 409
    assert "RUNNING" in response.body["detail"]
    assert api("GET", path).status == 200


def test_each_step_of_a_life_has_its_event_and_its_metric(
    api: "Api", new_job: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    steps = {
        "RUNNING": "Started",
        "FAILED": "Failed",
        "PENDING": "Retried",
        "CANCELLED": "Cancelled",
    }
    for status, event in steps.items():
        capsys.readouterr()
        api("PATCH", f"/jobs/{new_job['job_id']}", BODIES[status])

        lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        assert f"job {event.lower()}" in [line.get("message") for line in lines]
        assert [line[f"Jobs{event}"] for line in lines if "_aws" in line] == [[1.0]]


def test_durations_are_emitted_in_milliseconds(
    new_job: dict[str, Any], api: "Api", capsys: pytest.CaptureFixture[str]
) -> None:
    path = f"/jobs/{new_job['job_id']}"
    capsys.readouterr()
    changes = (
        {"status": "RUNNING"},
        BODIES["FAILED"],
        {"status": "PENDING"},
        {"status": "RUNNING"},
    )
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
