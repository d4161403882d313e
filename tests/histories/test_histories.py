"""Histories of several callers and items, with faults and kills: each answer is true."""

from collections.abc import Callable

import pytest

from tests.support.histories.simulation import Processes
from tests.support.histories.verdict import check_history

IN_MAKE_TEST = 5
ALL = 60


@pytest.mark.usefixtures("aws")
@pytest.mark.parametrize(
    "seed",
    [
        *range(IN_MAKE_TEST),
        *(pytest.param(seed, marks=pytest.mark.nightly) for seed in range(IN_MAKE_TEST, ALL)),
    ],
)
def test_a_history_is_linearizable(
    seed: int, pool: Processes, record_property: Callable[[str, object], None]
) -> None:
    simulation = check_history(seed, pool)

    operations = sum(map(len, simulation.history.values()))
    fates = ", ".join(f"{fate}: {number}" for fate, number in sorted(simulation.counts.items()))
    record_property("counted", f"{operations} operations; attempts {fates}")
