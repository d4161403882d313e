"""Functions whose process is killed during a request."""

import os
import random
import signal
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from threading import Event

import pytest

from tests.support.deployment.service import Service
from tests.support.http.caller import Caller

CALLERS = 4
REQUESTS = 200
PROC = Path("/proc")


def _function_processes(service: Service, function: str) -> list[int]:
    """Return the ids of a function's processes, which run in a folder with its name."""
    process_ids = []
    for process in PROC.glob("[0-9]*"):
        with suppress(OSError):
            folder = (process / "cwd").readlink()
            if folder.is_relative_to(service.run_folder.tmp) and f"-{function}-" in str(folder):
                process_ids.append(int(process.name))
    return process_ids


def _kill_randomly(service: Service, function: str, done: Event) -> int:
    """Kill processes of a function until ``done`` is set, and return their number."""
    dice = random.Random(7)
    kills = 0
    while not done.wait(dice.uniform(0.05, 0.4)):
        if process_ids := _function_processes(service, function):
            with suppress(ProcessLookupError):
                os.kill(dice.choice(process_ids), signal.SIGKILL)
                kills += 1
    return kills


@pytest.mark.skipif(not PROC.exists(), reason="finds the functions' processes in /proc")
def test_no_acknowledged_write_is_lost_when_its_function_is_killed(
    service: Service, call: Caller, pipeline: str
) -> None:
    body = {"pipeline": pipeline, "input_uri": "s3://in/1"}
    paths = [f"/jobs/{call('POST', '/jobs', body).body['job_id']}" for _ in range(CALLERS)]
    for path in paths:
        assert call("PATCH", path, {"status": "RUNNING"}).status == 200
    name = service.outputs["UpdateFunction"]
    done = Event()

    def report(path: str) -> Counter[int]:
        statuses: Counter[int] = Counter()
        for number in range(REQUESTS // CALLERS):
            statuses[call("PATCH", path, {"progress": number}).status] += 1
        return statuses

    with ThreadPoolExecutor(CALLERS + 1) as pool:
        reports = [pool.submit(report, path) for path in paths]
        killer = pool.submit(_kill_randomly, service, name, done)
        try:
            status_counts = [each.result() for each in reports]
        finally:
            done.set()

    assert killer.result() > 0
    statuses = sum(status_counts, Counter())
    assert set(statuses) <= {200, 503, 504}
    assert statuses[200] < REQUESTS, "no request was interrupted"
    for path, statuses in zip(paths, status_counts, strict=True):
        applied = call("GET", path).body["version"] - 2
        assert statuses[200] <= applied <= statuses.total()
