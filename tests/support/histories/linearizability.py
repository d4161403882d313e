"""Check that a concurrent history is linearizable.

A history is linearizable if each call can be given one moment between its invocation and its
response, so that a sequential model gives the same answers in the order of these moments
(Herlihy and Wing, https://doi.org/10.1145/78969.78972).

The search is that of Wing and Gong with the memory of Lowe: no order is continued twice from the
same set of calls and the same state (https://doi.org/10.1002/cpe.3928).
"""

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from math import inf
from typing import Generic, TypeVar

Operation = TypeVar("Operation")
State = TypeVar("State", bound=Hashable)


@dataclass(frozen=True)
class Call(Generic[Operation]):
    """An operation with the times of its invocation and its response."""

    operation: Operation
    """The operation, with its answer."""

    invoked: float
    """The time of the invocation."""

    responded: float = inf
    """The time of the response. Without a response, the operation takes effect at any time after
    its invocation, or never."""


@dataclass(frozen=True)
class Outcome(Generic[Operation]):
    """The result of a check."""

    linearizable: bool

    order: Sequence[Call[Operation]]
    """An order that the model allows: of all calls with a response or, if there is none, the
    longest that was found."""

    stuck: Sequence[Call[Operation]] = ()
    """The calls of which the model allows none after ``order``."""


def check(
    history: Iterable[Call[Operation]],
    initial: State,
    step: Callable[[State, Operation], Iterable[State]],
) -> Outcome[Operation]:
    """Search for an order of a history that a sequential model allows.

    Args:
        history: The calls, in any order.
        initial: The state before all calls.
        step: Returns the states in which an operation may leave a state, if it gets its answer
            there; none if the model does not allow the answer.
    """
    calls = sorted(history, key=lambda call: call.invoked)
    answered = sum(1 << n for n, call in enumerate(calls) if call.responded < inf)
    # Each entry continues an order by one of its calls.
    stack: list[tuple[int, State, tuple[int, ...]]] = [(0, initial, ())]
    seen: set[tuple[int, State]] = {(0, initial)}
    longest: tuple[int, ...] = ()
    while stack:
        done, state, order = stack.pop()
        if done & answered == answered:
            return Outcome(True, [calls[n] for n in order])
        if len(order) > len(longest):
            longest = order
        # The last candidates that are pushed are tried first: those that responded earliest.
        for n in reversed(_candidates(calls, done)):
            for after in step(state, calls[n].operation):
                entry = (done | 1 << n, after)
                if entry not in seen:
                    seen.add(entry)
                    stack.append((*entry, (*order, n)))
    done = sum(1 << n for n in longest)
    stuck = [calls[n] for n in _candidates(calls, done)]
    return Outcome(False, [calls[n] for n in longest], stuck)


def _candidates(calls: Sequence[Call[Operation]], done: int) -> list[int]:
    """Return the calls that may come next: those invoked before any other's response."""
    candidates: list[int] = []
    end = inf
    for n, call in enumerate(calls):
        if call.invoked > end:
            break
        if not done >> n & 1:
            candidates.append(n)
            end = min(end, call.responded)
    return sorted(candidates, key=lambda n: calls[n].responded)
