"""The lines of the report: ratios of the service to its peers."""

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from bench.decision.intervals import Interval, median_interval, middle_half
from bench.decision.verdicts import Pair, Target, Verdict, decide
from bench.turns import Turn

Result = TypeVar("Result")


@dataclass(frozen=True)
class Figure:
    """A line of the report."""

    name: str

    ours: str
    """The service's value, with its unit: the median of the turns."""

    peer: str
    """The peer's value, with its unit: the median of the turns."""

    ratio: float
    """The service's value divided by the peer's: the median of the ratios of the turns."""

    middle_half: Interval | None = None
    """The quartiles of the ratios of the turns; None for a count."""

    interval: Interval | None = None
    """The interval that contains the median; None for a count, or after too few turns."""

    target: Target | None = None

    verdict: Verdict | None = None
    """None if there is no target."""


def compare(
    name: str,
    turns: Sequence[Turn[Result]],
    ours: Callable[[Result], float],
    peer: Callable[[Result], float],
    text: Callable[[float], str],
    wanted: int | None,
    target: Target | None = None,
) -> Figure:
    """Compare two measurements, pair by pair.

    Args:
        name: The name of the figure.
        turns: The turns.
        ours: Reads the service's value from the result of a turn.
        peer: Reads the peer's value.
        text: Writes a value with its unit.
        wanted: The number of turns on a quiet machine that a verdict takes. Only these turns count,
            unless there are none. None for a measurement that other work does not change: all turns
            count.
        target: The target of the ratio.
    """
    pairs = [
        Pair(ours(turn.result) / peer(turn.result), quiet=turn.signs.quiet or wanted is None)
        for turn in turns
    ]
    counted = [turn for turn, pair in zip(turns, pairs, strict=True) if pair.quiet] or turns
    ratios = [ours(turn.result) / peer(turn.result) for turn in counted]
    our_median, peer_median = (
        statistics.median(read(turn.result) for turn in counted) for read in (ours, peer)
    )
    interval = median_interval(ratios)
    return Figure(
        name,
        text(our_median),
        text(peer_median),
        round(statistics.median(ratios), 4),
        middle_half(ratios).rounded(4),
        interval and interval.rounded(4),
        target,
        None if target is None else decide(pairs, target, wanted or 0),
    )


def count(name: str, ours: str, peer: str, ratio: float, *, at_most: float | None = None) -> Figure:
    """Return a figure that is counted, so that a busy machine does not change it."""
    figure = Figure(name, ours, peer, ratio)
    if at_most is None:
        return figure
    target = Target(at_most=at_most)
    return replace(
        figure, target=target, verdict=Verdict.MET if target.meets(ratio) else Verdict.MISSED
    )


def milliseconds(seconds: float) -> str:
    """Write a time."""
    return f"{seconds * 1e3:.2f} ms"


def megabytes(size: float) -> str:
    """Write a size in bytes."""
    return f"{size / 1e6:.1f} MB"
