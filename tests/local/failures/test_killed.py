"""Functions that are killed in the middle of their work."""

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


def _workers(service: Service, function: str) -> list[int]:
    """The processes that run a function: they work in a folder named after it."""
    found = []
    for process in PROC.glob("[0-9]*"):
        with suppress(OSError):
            folder = (process / "cwd").readlink()
            if folder.is_relative_to(service.home.tmp) and f"-{function}-" in str(folder):
                found.append(int(process.name))
    return found


def _kill_now_and_then(service: Service, function: str, done: Event) -> int:
    dice = random.Random(7)
    killed = 0
    while not done.wait(dice.uniform(0.05, 0.4)):
        if workers := _workers(service, function):
            with suppress(ProcessLookupError):
                os.kill(dice.choice(workers), signal.SIGKILL)
                killed += 1
    return killed


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
        killer = pool.submit(_kill_now_and_then, service, name, done)
        try:
            told = [each.result() for each in reports]
        finally:
            done.set()

    assert killer.result() > 0
    statuses = sum(told, Counter())
    assert set(statuses) <= {200, 500, 502, 503, 504}
    assert statuses[200] < REQUESTS, "no request was hit"
    for path, statuses in zip(paths, told, strict=True):
        applied = call("GET", path).body["version"] - 2
        assert statuses[200] <= applied <= statuses.total()
