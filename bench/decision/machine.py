"""Recognizes a machine that is too busy to measure on."""

import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

import psutil

MOST_WAITING = 0.05
"""The longest that a measured process may wait for a CPU, per second in which it runs."""

MOST_TAKEN = 0.15
"""The largest share of the machine's CPU time that other processes may take."""


@dataclass(frozen=True)
class Signs:
    """The signs of a busy machine in one turn."""

    waiting: float
    """The seconds that a measured process waited for a CPU, per second in which it ran: the most of
    all measured processes."""

    taken: float
    """The share of the machine's CPU time that other processes took, or the hypervisor."""

    @property
    def quiet(self) -> bool:
        """True if nothing has disturbed the measured processes."""
        return self.waiting <= MOST_WAITING and self.taken <= MOST_TAKEN


class Observer(Protocol):
    """Observes the machine during a turn."""

    def signs(self, waiting: Iterable[float]) -> Signs:
        """Return the signs since the beginning of the turn.

        Args:
            waiting: The seconds that each measured process has waited for a CPU, per second in
                which it ran.
        """


class Watch:
    """Observes this machine from now on."""

    def __init__(self) -> None:
        self._started = time.monotonic()
        self._all = _busy_seconds()
        self._own = _own_seconds()

    def signs(self, waiting: Iterable[float]) -> Signs:
        """Return the signs since the beginning, as :class:`Observer` says."""
        seconds = (time.monotonic() - self._started) * (psutil.cpu_count() or 1)
        others = _busy_seconds() - self._all - (_own_seconds() - self._own)
        return Signs(max(waiting, default=0.0), max(0.0, others / seconds) if seconds else 0.0)


def advice(turns: Iterable[Signs]) -> str:
    """Explain to the user which signs a busy machine has shown."""
    all_turns = list(turns)
    busy = [signs for signs in all_turns if not signs.quiet]
    reasons = []
    if taken := [signs.taken for signs in busy if signs.taken > MOST_TAKEN]:
        reasons.append(
            f"in {len(taken)}, other processes took up to {max(taken):.0%} of the CPU time (at most"
            f" {MOST_TAKEN:.0%} is quiet)"
        )
    if waiting := [signs.waiting for signs in busy if signs.waiting > MOST_WAITING]:
        reasons.append(
            f"in {len(waiting)}, a measured process waited up to {max(waiting):.2f} s for a CPU per"
            f" second of work (at most {MOST_WAITING:.2f} s is quiet)"
        )
    return (
        f"The machine is too busy to decide: it disturbed {len(busy)} of {len(all_turns)} turns;"
        f" {', and '.join(reasons)}. Stop other programs, or use another machine, and run"
        " `make bench` again."
    )


def _busy_seconds() -> float:
    """Return the CPU seconds of all processes and of the hypervisor, since the machine started."""
    times: dict[str, float] = psutil.cpu_times()._asdict()
    # Linux counts the time of guests in `user` and `nice`, too.
    idle = ("idle", "iowait", "guest", "guest_nice")
    return sum(seconds for name, seconds in times.items() if name not in idle)


def _own_seconds() -> float:
    """Return the CPU seconds of this process and of its descendants."""
    own = psutil.Process()
    total = 0.0
    for process in (own, *own.children(recursive=True)):
        try:
            times = process.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += times.user + times.system + times.children_user + times.children_system
    return total
