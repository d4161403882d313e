"""The verdict on a history of items."""

from collections.abc import Iterable
from datetime import timedelta

from common.crud.changes import Retention
from tests.support.histories.aws import RETENTION_DAYS
from tests.support.histories.invocations import API_KEY_ID
from tests.support.histories.item_model import (
    NO_ITEM,
    ItemModel,
    calls,
    representations,
)
from tests.support.histories.linearizability import check
from tests.support.histories.network import Mutation
from tests.support.histories.simulation import Simulation, TimedOperation

REQUESTS = 120
FAULT_RATE = 0.2

STATUSES = frozenset({None, 200, 201, 204, 304, 404, 409, 412, 422})


def check_history(seed: int, mutation: Mutation = lambda attempt: attempt) -> Simulation:
    """Simulate a history, and check the operations on each of its items.

    Args:
        seed: Decides on everything that happens.
        mutation: Changes each attempt on its way to the table.

    Raises:
        AssertionError: No order of the operations explains all answers.
    """
    simulation = Simulation(seed, requests=REQUESTS, fault_rate=FAULT_RATE, mutation=mutation)
    simulation.run()
    for history in simulation.history.values():
        assert_linearizable(history, API_KEY_ID, lambda: timedelta(days=RETENTION_DAYS))
    return simulation


def assert_linearizable(
    history: Iterable[TimedOperation], caller: str, retention: Retention
) -> None:
    """Check the operations on one item.

    Args:
        history: The operations, with their times.
        caller: The identity of the callers.
        retention: Returns the time that an item is kept once it expires.

    Raises:
        AssertionError: No order of the operations explains all answers.
    """
    operations = [*history]
    for each in operations:
        assert each.operation.status in STATUSES, each.operation
    model = ItemModel(representations(each.operation for each in operations), caller, retention)
    outcome = check(
        [
            call
            for each in operations
            for call in calls(each.operation, each.invoked, each.responded)
        ],
        NO_ITEM,
        model.step,
    )
    assert outcome.linearizable, "\n".join(
        [
            "no order of these operations explains their answers; the longest is",
            *(f"  [{c.invoked:.3f}, {c.responded:.3f}] {c.operation}" for c in outcome.order),
            "and the answers of these do not fit after it",
            *(f"  [{c.invoked:.3f}, {c.responded:.3f}] {c.operation}" for c in outcome.stuck),
        ]
    )
