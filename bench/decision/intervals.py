"""Calculates quartiles, and an interval for a median, which assumes no distribution."""

import math
import statistics
from collections.abc import Sequence
from typing import NamedTuple

CONFIDENCE = 0.99
"""The least probability with which an interval contains the median."""


class Interval(NamedTuple):
    """A range of values."""

    low: float
    high: float

    def rounded(self, decimals: int) -> "Interval":
        """Return the range with rounded ends."""
        return Interval(round(self.low, decimals), round(self.high, decimals))


def median_interval(values: Sequence[float], confidence: float = CONFIDENCE) -> Interval | None:
    """Return the narrowest pair of order statistics that contains the median of the population.

    Each value is below that median with a probability of one half, so the number of values below it
    is binomial, for any distribution.

    Args:
        values: Independent measurements.
        confidence: The least probability with which the interval contains the median.

    Returns:
        None if there are too few values for the confidence: 8 are enough for 99 %.
    """
    count = len(values)
    outside, left_out = 0.0, -1
    # The interval leaves out as many of the smallest values as of the largest.
    while left_out < count:
        outside += 2 * math.comb(count, left_out + 1) / 2**count
        if outside > 1 - confidence:
            break
        left_out += 1
    if left_out < 0:
        return None
    ordered = sorted(values)
    return Interval(ordered[left_out], ordered[-1 - left_out])


def middle_half(values: Sequence[float]) -> Interval:
    """Return the first and the third quartile."""
    if len(values) == 1:
        return Interval(values[0], values[0])
    low, _, high = statistics.quantiles(values, n=4, method="inclusive")
    return Interval(low, high)
