"""Log lines go to S3 after the response, each of them once."""

import itertools
import resource
import signal
import statistics
import time
import uuid
from collections import Counter
from pathlib import Path
from typing import Any

import psutil
import pytest

from common.aws import timeouts
from common.logs.s3_log_shipper import MAX_BUFFERED_BYTES
from local.lambda_runtime.gateway_event import gateway_event
from local.lambda_runtime.moto_aws import MotoAws, serve_aws
from tests.lifecycle.conftest import Start
from tests.support import dead_host
from tests.support.entities import ENTITY, EXAMPLES
from tests.support.waiting import TIMEOUT_SECONDS


def _create() -> dict[str, Any]:
    return gateway_event("POST", ENTITY.path, EXAMPLES.least)


def _requests(lines: list[dict[str, Any]]) -> Counter[str]:
    return Counter(line["request_id"] for line in lines if line["message"] == "request")


def _each_once(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    assert all(lines.count(line) == 1 for line in lines)
    return sorted(lines, key=str)


def _cpu_seconds_of_ended_processes() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def test_the_upload_begins_after_the_response(aws: MotoAws, start: Start) -> None:
    environment = start(function="create")

    for _ in range(10):
        invocation = environment.invoke(_create())
        environment.api.wait_until_idle()
        assert invocation.answer["statusCode"] == 201
        assert invocation.answered_at is not None
        assert aws.uploads.pop() > invocation.answered_at
        assert aws.uploads == []


def test_a_slow_s3_does_not_delay_responses(aws: MotoAws, start: Start) -> None:
    latencies: dict[float, list[float]] = {0.0: [], 1.0: []}
    with serve_aws() as slow:
        slow.delay = 1.0
        environments = {
            0.0: start(function="create"),
            1.0: start(function="create", aws=slow),
        }
        for _, (delay, environment) in itertools.product(range(11), environments.items()):
            invocation = environment.invoke(_create())
            environment.api.wait_until_idle()
            assert invocation.answered_at is not None
            latencies[delay].append(invocation.latency)
            if delay:
                assert slow.uploads[-1] > invocation.answered_at
        assert len(slow.uploads) == 11

    # The first invocations are cold. A busy machine slows both environments down.
    instant, slowed = (statistics.median(each[1:]) for each in latencies.values())
    assert slowed - instant < slow.delay / 4


def test_a_frozen_environment_loses_no_line_and_ships_none_twice(
    aws: MotoAws, start: Start
) -> None:
    environment = start(function="create", flush_seconds=0.1, freezes=True)
    for _ in range(100):
        environment.invoke(_create())
    environment.api.wait_until_idle()

    archived = aws.archived_lines("create")
    assert len(aws.uploads) > 1
    assert archived == environment.log_lines[: len(archived)]

    assert environment.terminate() == -signal.SIGTERM
    assert aws.archived_lines("create") == environment.log_lines
    assert _requests(environment.log_lines).total() == 100


@pytest.mark.parametrize(("fault", "requests"), [("refuses", 30), ("loses its answers", 3)])
def test_lines_that_s3_refused_arrive_once_it_recovers(
    aws: MotoAws, start: Start, fault: Any, requests: int
) -> None:
    environment = start(function="create")
    aws.fault = fault
    for _ in range(requests):
        assert environment.invoke(_create()).answer["statusCode"] == 201
    environment.api.wait_until_idle()
    assert environment.metric_sum("ArchiveFailures") == requests

    aws.fault = None
    assert environment.invoke(_create()).answer["statusCode"] == 201
    environment.api.wait_until_idle()

    assert _each_once(aws.archived_lines("create")) == _each_once(environment.log_lines)
    assert _requests(environment.log_lines).total() == requests + 1
    assert environment.metric_sum("ArchiveDroppedLines") == 0


def test_without_s3_memory_is_bounded_and_the_lost_lines_are_counted(
    aws: MotoAws, start: Start
) -> None:
    environment = start(function="read", flush_seconds=60)
    aws.fault = "refuses"

    def fill(size: int) -> None:
        """Let the function log ``size`` bytes without a call to AWS."""
        end = environment.output_bytes + size
        while environment.output_bytes < end:
            # A long request id makes long lines.
            id_ = uuid.uuid4().hex * 100
            event = gateway_event("GET", ENTITY.path, query={"status": "X"}, request_id=id_)
            assert environment.invoke(event).answer["statusCode"] == 400
        environment.api.wait_until_idle()

    # The output includes the metrics, which are not buffered.
    fill(MAX_BUFFERED_BYTES * 2)
    full_memory_kb = environment.memory_kb
    fill(MAX_BUFFERED_BYTES // 2)

    assert environment.memory_kb - full_memory_kb < MAX_BUFFERED_BYTES / 8 / 1024
    environment.terminate()
    assert aws.archived_lines("read") == []
    assert environment.metric_sum("ArchiveDroppedLines") == len(environment.log_lines)


def test_a_busy_environment_uploads_once_per_interval(aws: MotoAws, start: Start) -> None:
    environment = start(function="create", flush_seconds=1)
    start_time = time.monotonic()
    while len(aws.uploads) < 4:
        assert time.monotonic() - start_time < TIMEOUT_SECONDS
        environment.invoke(_create())
    environment.api.wait_until_idle()
    intervals = time.monotonic() - start_time

    assert len(aws.uploads) <= intervals + 1
    assert environment.metric_sum("ArchiveUploads") == len(aws.uploads)


def test_buffered_lines_are_shipped_at_shutdown(aws: MotoAws, start: Start) -> None:
    environment = start(function="create", flush_seconds=60, freezes=True)
    for _ in range(3):
        environment.invoke(_create())

    environment.terminate()

    assert len(aws.uploads) == 2
    assert aws.archived_lines("create") == environment.log_lines


def test_a_shutdown_that_s3_delays_ends_in_time_and_counts_the_lines_that_may_be_lost(
    aws: MotoAws, start: Start
) -> None:
    environment = start(function="create", flush_seconds=60)
    for _ in range(3):
        environment.invoke(_create())
    aws.delay = 5

    environment.api.wait_until_idle()
    start_time = time.monotonic()
    before = sum(psutil.Process(environment.process.pid).cpu_times()[:2])
    reaped = _cpu_seconds_of_ended_processes()
    environment.terminate()
    cpu_seconds = _cpu_seconds_of_ended_processes() - reaped - before

    # Lambda grants half a second. On a busy machine, the process waits for its CPU time, too.
    assert timeouts.SHUTDOWN_TIMEOUT + cpu_seconds < 0.5
    assert time.monotonic() - start_time < timeouts.S3.read
    assert environment.metric_sum("ArchiveDroppedLines") == 4


def test_a_bucket_that_cannot_be_reached_costs_no_latency_and_little_time(
    aws: MotoAws, start: Start, tmp_path: Path
) -> None:
    with dead_host.dead_port() as port:
        unreachable = start(
            function="create",
            flush_seconds=10,
            variables={"AWS_ENDPOINT_URL_S3": f"http://{dead_host.HOST}:{port}"},
            modules=dead_host.write_resolver(tmp_path),
        )
        environments = {"reachable": start(function="create", flush_seconds=10)}
        environments["unreachable"] = unreachable
        latencies: dict[str, list[float]] = {name: [] for name in environments}
        busy = dict.fromkeys(environments, 0.0)
        for _, (name, environment) in itertools.product(range(101), environments.items()):
            invocation = environment.invoke(_create())
            assert invocation.answer["statusCode"] == 201
            latencies[name].append(invocation.latency)
            answered = time.monotonic()
            environment.api.wait_until_idle()
            busy[name] += time.monotonic() - answered

    reachable, slowed = (statistics.median(each[1:]) for each in latencies.values())
    assert slowed - reachable < timeouts.S3.connect / 4
    failures = unreachable.metric_sum("ArchiveFailures")
    assert failures >= 1
    # Of the ten seconds between two attempts.
    assert busy["unreachable"] - busy["reachable"] < 4 * failures
