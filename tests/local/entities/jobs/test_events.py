"""The metrics and log lines of a job's life: its events, its time in the queue and its run time."""

import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.support.deployment.metric_values import metric_values
from tests.support.deployment.service import Service
from tests.support.http.caller import Caller
from tests.support.logs.log_archive import archived_lines

JOBS = 3
FAILING_JOBS = 2
WAIT_SECONDS = 0.05
"""The least time that a job spends in the queue, and running."""

JOB = {"pipeline": "events", "input_uri": "s3://in/1"}
FAILURE = {"status": "FAILED", "error": {"code": "E", "message": "broken"}}


@dataclass
class Session:
    """The lives of some jobs, and their expected effects."""

    before: dict[tuple[str, str], float]
    """The sums of all metrics before the session, by metric and function."""

    events: Counter[str] = field(default_factory=Counter)
    """The numbers of events, by metric."""

    messages: list[str] = field(default_factory=list)
    """The log lines of the last life, without those of the requests."""


@pytest.fixture(scope="module")
def session(service: Service, call: Caller) -> Session:
    """A session of failures, retries, successes, a cancellation and a deletion."""
    session = Session(metric_values(service))

    def send(method: str, path: str, body: object, *events: str) -> dict[str, Any]:
        response = call(method, path, body)
        assert response.status < 300, response
        session.events.update(events)
        function = {"POST": "create", "DELETE": "delete"}.get(method, "update")
        lines = archived_lines(service, function, response.headers["X-Request-Id"])
        session.messages += [line["message"] for line in lines if line["message"] != "request"]
        return response.body if response.text else {}

    for number in range(JOBS):
        session.messages.clear()
        path = f"/jobs/{send('POST', '/jobs', JOB, 'JobsCreated')['job_id']}"
        time.sleep(WAIT_SECONDS)
        send("PATCH", path, {"status": "RUNNING"}, "JobsStarted")
        time.sleep(WAIT_SECONDS)
        if number < FAILING_JOBS:
            send("PATCH", path, FAILURE, "JobsFailed")
            send("PATCH", path, {"status": "PENDING"}, "JobsRetried")
            send("PATCH", path, {"status": "RUNNING"}, "JobsStarted")
        send("PATCH", path, {"progress": 50})
        send("PUT", path, {"status": "SUCCEEDED"}, "JobsSucceeded")
    send("DELETE", path, None, "JobsDeleted")
    path = f"/jobs/{send('POST', '/jobs', JOB, 'JobsCreated')['job_id']}"
    send("PATCH", path, {"status": "CANCELLED"}, "JobsCancelled")
    return session


def test_the_metrics_count_the_events_of_jobs(session: Session, service: Service) -> None:
    after = metric_values(service)
    functions = {"JobsCreated": "create", "JobsDeleted": "delete"}
    for metric, count in session.events.items():
        key = (metric, functions.get(metric, "update"))
        assert after[key] - session.before.get(key, 0) == count, metric


def test_queue_times_are_measured_at_first_starts_and_run_times_at_every_end(
    session: Session, service: Service
) -> None:
    samples = metric_values(service, "SampleCount")
    assert samples["QueueTime", "update"] >= JOBS
    assert samples["RunTime", "update"] >= JOBS + FAILING_JOBS
    longest = metric_values(service, "Maximum")
    assert longest["QueueTime", "update"] >= WAIT_SECONDS * 1000
    assert longest["RunTime", "update"] >= WAIT_SECONDS * 1000


def test_each_event_of_a_job_is_logged_once(session: Session) -> None:
    assert session.messages == [
        *("job created", "job started", "job succeeded", "job deleted"),
        *("job created", "job cancelled"),
    ]
