"""Histories of several callers and items, with faults and kills: each answer is true."""

from datetime import timedelta

import pytest

from tests.histories.conftest import RETENTION_DAYS
from tests.support.histories.simulation import API_KEY_ID, Processes, Simulation
from tests.support.histories.verdict import assert_linearizable


def retention() -> timedelta:
    return timedelta(days=RETENTION_DAYS)


@pytest.mark.usefixtures("aws")
@pytest.mark.parametrize("seed", range(30))
def test_a_history_is_linearizable(seed: int, pool: Processes) -> None:
    simulation = Simulation(pool, seed, requests=120, fault_rate=0.2)
    simulation.run()
    for history in simulation.history.values():
        assert_linearizable(history, API_KEY_ID, retention)
