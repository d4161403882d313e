"""Decides from the turns of a run if a ratio meets its target.

A wrong verdict is worse than none. So only turns on a quiet machine count, and only an interval
that lies wholly on one side of the target decides.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from bench.decision.intervals import median_interval


class Verdict(StrEnum):
    """The outcome of a comparison."""

    MET = "met"
    MISSED = "missed"
    UNDECIDED = "undecided"
    """The interval contains the target, even after more turns."""
    TOO_BUSY = "too busy"
    """The machine was quiet in too few turns."""


EXIT_CODES = {Verdict.MISSED: 1, Verdict.TOO_BUSY: 3, Verdict.UNDECIDED: 4}
"""The exit codes of a run, the one that prevails first. argparse exits with 2, success is 0."""


@dataclass(frozen=True)
class Target:
    """A limit of a ratio. A ratio is compared as the report shows it, with two decimals."""

    at_most: float | None = None
    """The limit, if less is better."""

    at_least: float | None = None
    """The limit, if more is better."""

    def __str__(self) -> str:
        return f"≤ {self.at_most:.2f}" if self.at_least is None else f"≥ {self.at_least:.2f}"

    def meets(self, ratio: float) -> bool:
        """Return True if a ratio is within the limit."""
        shown = round(ratio, 2)
        return (self.at_most is None or shown <= self.at_most) and (
            self.at_least is None or shown >= self.at_least
        )


@dataclass(frozen=True)
class Pair:
    """The ratio of two measurements of the same turn."""

    ratio: float

    quiet: bool
    """True if the machine was quiet in the turn."""


def decide(pairs: Sequence[Pair], target: Target, wanted: int) -> Verdict:
    """Decide if the median of a ratio meets its target.

    Args:
        pairs: The ratio of each turn.
        target: The target.
        wanted: The number of turns on a quiet machine that a verdict takes.
    """
    ratios = [pair.ratio for pair in pairs if pair.quiet]
    if len(ratios) < wanted:
        return Verdict.TOO_BUSY
    interval = median_interval(ratios)
    if interval is None:
        return Verdict.UNDECIDED
    met = {target.meets(end) for end in interval}
    if len(met) > 1:
        return Verdict.UNDECIDED
    return Verdict.MET if met.pop() else Verdict.MISSED


def exit_code(verdicts: Iterable[Verdict | None]) -> int:
    """Return the exit code of a run: that of a miss, if any, else of a missing decision, else 0."""
    found = set(verdicts)
    return next((code for verdict, code in EXIT_CODES.items() if verdict in found), 0)
