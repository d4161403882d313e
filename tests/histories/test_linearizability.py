"""The checker of histories, with histories of a register whose verdict is known."""

from itertools import permutations, product
from math import inf
from random import Random
from typing import NamedTuple

import pytest

from tests.support.histories.linearizability import Call, check


class Access(NamedTuple):
    """A read or a write of a register that begins with 0."""

    kind: str
    value: int


def _step(state: int, access: Access) -> list[int]:
    if access.kind == "write":
        return [access.value]
    return [state] if state == access.value else []


def _write(value: int, invoked: float, responded: float = inf) -> Call[Access]:
    return Call(Access("write", value), invoked, responded)


def _read(value: int, invoked: float, responded: float) -> Call[Access]:
    return Call(Access("read", value), invoked, responded)


@pytest.mark.parametrize(
    "history",
    [
        [],
        [_read(0, 1, 2), _write(1, 3, 4), _read(1, 5, 6)],
        # The read overlaps the write, and comes before or after it.
        [_write(1, 1, 4), _read(0, 2, 3)],
        [_write(1, 1, 4), _read(1, 2, 3)],
        # The second read sees the write that the first did not.
        [_write(1, 1, 10), _read(0, 2, 3), _read(1, 4, 5)],
        # A write without a response takes effect late, or never.
        [_write(1, 1), _read(0, 2, 3), _read(1, 4, 5)],
        [_write(1, 1), _read(0, 2, 3)],
        [_write(1, 1, 5), _write(2, 2, 6), _read(2, 7, 8), _write(3, 3, 9), _read(3, 10, 11)],
    ],
    ids=str,
)
def test_a_linearizable_history_is_accepted(history: list[Call[Access]]) -> None:
    outcome = check(history, 0, _step)

    assert outcome.linearizable
    answered = {call for call in history if call.responded < inf}
    assert answered <= set(outcome.order) <= set(history)


@pytest.mark.parametrize(
    "history",
    [
        [_read(1, 1, 2)],
        # The write was acknowledged, and is lost.
        [_write(1, 1, 2), _read(0, 3, 4)],
        # The register goes back.
        [_write(1, 1, 10), _read(1, 2, 3), _read(0, 4, 5)],
        # A write without a response takes effect twice.
        [_write(1, 1), _read(1, 2, 3), _write(2, 4, 5), _read(2, 6, 7), _read(1, 8, 9)],
        # The effect comes before the invocation.
        [_read(1, 1, 2), _write(1, 3)],
    ],
    ids=str,
)
def test_a_history_that_is_not_linearizable_is_refused(history: list[Call[Access]]) -> None:
    outcome = check(history, 0, _step)

    assert not outcome.linearizable
    assert outcome.stuck


def test_the_checker_agrees_with_trying_every_order() -> None:
    verdicts = set()
    for seed in range(400):
        dice = Random(seed)
        history = []
        for _ in range(5):
            invoked = dice.randint(0, 9)
            access = Access(dice.choice(["read", "write"]), dice.randint(0, 2))
            lost = access.kind == "write" and dice.random() < 0.3
            history.append(Call(access, invoked, inf if lost else invoked + dice.randint(1, 6)))

        verdict = check(history, 0, _step).linearizable

        assert verdict == any(_is_legal(order) for order in _orders(history)), history
        verdicts.add(verdict)
    assert verdicts == {True, False}


def _orders(history: list[Call[Access]]) -> list[tuple[Call[Access], ...]]:
    answered = [call for call in history if call.responded < inf]
    lost = [call for call in history if call.responded == inf]
    return [
        order
        for kept in product([True, False], repeat=len(lost))
        for order in permutations(
            answered + [call for call, keep in zip(lost, kept, strict=True) if keep]
        )
    ]


def _is_legal(order: tuple[Call[Access], ...]) -> bool:
    state = 0
    latest = -inf
    for call in order:
        latest = max(latest, call.invoked)
        if latest > call.responded:
            return False
        after = _step(state, call.operation)
        if not after:
            return False
        state = after[0]
    return True
