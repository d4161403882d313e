"""The interval of a median, and the middle half."""

import random
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.decision.intervals import Interval, median_interval, middle_half

ratios = st.lists(st.floats(0.01, 100), min_size=8, max_size=60)


@pytest.mark.parametrize(
    ("count", "confidence", "ranks"),
    # Tables of the sign test: for example, Conover, Practical Nonparametric Statistics, A3.
    [
        (8, 0.99, (1, 8)),
        (15, 0.99, (3, 13)),
        (30, 0.99, (8, 23)),
        (6, 0.95, (1, 6)),
        (15, 0.95, (4, 12)),
        (20, 0.95, (6, 15)),
    ],
)
def test_the_interval_has_the_ranks_of_the_sign_test(
    count: int, confidence: float, ranks: tuple[int, int]
) -> None:
    values = list(range(1, count + 1))
    random.Random(1).shuffle(values)
    assert median_interval(values, confidence) == ranks


@pytest.mark.parametrize(("count", "confidence"), [(0, 0.99), (1, 0.99), (7, 0.99), (5, 0.95)])
def test_too_few_values_give_no_interval(count: int, confidence: float) -> None:
    assert median_interval([1.0] * count, confidence) is None


@given(ratios)
def test_the_interval_contains_the_median_of_the_values(values: list[float]) -> None:
    interval = median_interval(values)
    assert interval
    assert interval.low <= statistics.median(values) <= interval.high


@given(ratios)
def test_a_ratio_upside_down_turns_the_interval_over(values: list[float]) -> None:
    """For ratios, unlike for means, it does not matter which of the two is the divisor."""
    interval, inverse = median_interval(values), median_interval([1 / each for each in values])
    assert interval
    assert inverse == pytest.approx((1 / interval.high, 1 / interval.low))


@pytest.mark.parametrize("count", [8, 15, 30])
def test_the_interval_misses_the_median_in_one_of_a_hundred_runs(count: int) -> None:
    dice = random.Random(count)
    runs, missed = 4_000, 0
    for _ in range(runs):
        # A skewed distribution with the median 1.
        interval = median_interval([dice.lognormvariate(0, 0.5) for _ in range(count)])
        assert interval
        missed += not interval.low <= 1 <= interval.high
    # Three standard deviations above 1 %.
    assert missed / runs < 0.0147


def test_the_middle_half_lies_between_the_quartiles() -> None:
    assert middle_half([5, 1, 4, 2, 3]) == Interval(2, 4)
    assert middle_half([7]) == Interval(7, 7)
