"""Functions whose process is killed during a request."""

import itertools
import os
import random
import signal
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from tests.support.deployment.service import Service
from tests.support.entities import EXAMPLES, create_with, first_change, function_for, path_of
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
    while not done.wait(dice.uniform(0.1, 0.6)):
        if process_ids := _function_processes(service, function):
            with suppress(ProcessLookupError):
                os.kill(dice.choice(process_ids), signal.SIGKILL)
                kills += 1
    return kills


@pytest.mark.skipif(not PROC.exists(), reason="finds the functions' processes in /proc")
def test_no_acknowledged_write_is_lost_when_its_function_is_killed(
    service: Service, call: Caller
) -> None:
    repeated = next((each for each in EXAMPLES.changes if each.keeps_status), None)
    change = repeated or first_change()
    # An item takes the same change again and again, or else only one.
    items = [create_with(call, change.source) for _ in range(CALLERS if repeated else REQUESTS)]
    name = service.outputs[f"{function_for('PATCH').title()}Function"]
    done = Event()

    def update(items: Sequence[dict[str, Any]]) -> list[Counter[int]]:
        return [
            Counter(
                call("PATCH", path_of(item), change.body).status
                for _ in range(REQUESTS // CALLERS // len(items))
            )
            for item in items
        ]

    shares = [items[first::CALLERS] for first in range(CALLERS)]
    with ThreadPoolExecutor(CALLERS + 1) as pool:
        updates = [pool.submit(update, share) for share in shares]
        killer = pool.submit(_kill_randomly, service, name, done)
        try:
            status_counts = [each.result() for each in updates]
        finally:
            done.set()

    assert killer.result() > 0
    statuses = sum(itertools.chain(*status_counts), Counter[int]())
    assert set(statuses) <= {200, 503, 504}
    assert statuses.total() == REQUESTS
    assert statuses[200] < REQUESTS, "no request was interrupted"
    for item, statuses in zip(
        itertools.chain(*shares), itertools.chain(*status_counts), strict=True
    ):
        applied = call("GET", path_of(item)).body["version"] - item["version"]
        assert statuses[200] <= applied <= statuses.total()
