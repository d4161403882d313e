"""The signs of a busy machine, on this one."""

import subprocess
import sys
import time
from collections.abc import Iterator

import psutil
import pytest

from bench.decision.machine import MOST_TAKEN, Watch
from infra.spec.paths import PROJECT

LOOP = """
import os, sys, time
if os.fork() == 0:
    os.setsid()
    for _ in range(int(sys.argv[1])):
        if os.fork() == 0:
            end = time.monotonic() + float(sys.argv[2])
            while time.monotonic() < end: pass
            os._exit(0)
"""
"""A program that leaves busy loops behind, which are nobody's children, as those of other users."""


def test_the_cpu_time_of_other_programs_is_noticed() -> None:
    watch = Watch()
    cpus = psutil.cpu_count() or 1
    subprocess.run([sys.executable, "-c", LOOP, str(cpus), "1.5"], check=True)
    deadline = time.monotonic() + 30
    # The machine may have other work that delays the loops.
    while not (signs := watch.signs([0.01])).taken > MOST_TAKEN and time.monotonic() < deadline:
        time.sleep(0.05)
    assert signs.taken > MOST_TAKEN
    assert not signs.quiet
    assert signs.waiting == 0.01


@pytest.fixture
def busy_loops() -> Iterator[None]:
    """A busy loop for each CPU."""
    loops = [
        subprocess.Popen(["sh", "-c", "while :; do :; done"])
        for _ in range(psutil.cpu_count() or 1)
    ]
    yield
    for loop in loops:
        loop.kill()
        loop.wait()


@pytest.mark.nightly
@pytest.mark.usefixtures("busy_loops")
def test_a_run_beside_busy_loops_says_that_the_machine_is_too_busy() -> None:
    before = (PROJECT / "docs" / "benchmarks.md").read_bytes()
    run = subprocess.run(
        [sys.executable, "-m", "bench", "--only", "start"],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 3, run.stderr
    assert "The machine is too busy to decide" in run.stdout
    assert " missed " not in run.stdout
    assert (PROJECT / "docs" / "benchmarks.md").read_bytes() == before
