"""Histories of several callers and items, with faults and kills: each answer is true."""

import os
from collections.abc import Callable, Iterable
from random import Random
from typing import Any

import pytest

from tests.support.histories.verdict import check_history

IN_MAKE_TEST = 5
ALL = 60
FUZZ_SECONDS = int(os.environ.get("FUZZ_SECONDS", "0"))
"""The duration of a run with new histories; 0 for a run with the same histories each time."""
SECONDS_OF_A_HISTORY = 3


def _seeds() -> Iterable[Any]:
    if FUZZ_SECONDS:
        return Random().sample(range(10**9), max(FUZZ_SECONDS // SECONDS_OF_A_HISTORY, 1))
    nightly = (pytest.param(seed, marks=pytest.mark.nightly) for seed in range(IN_MAKE_TEST, ALL))
    return [*range(IN_MAKE_TEST), *nightly]


@pytest.mark.usefixtures("aws")
@pytest.mark.parametrize("seed", _seeds())
def test_a_history_is_linearizable(
    seed: int, record_property: Callable[[str, object], None]
) -> None:
    simulation = check_history(seed)

    operations = sum(map(len, simulation.history.values()))
    fates = ", ".join(f"{fate}: {number}" for fate, number in sorted(simulation.counts.items()))
    record_property("counted", f"{operations} operations; attempts {fates}")
