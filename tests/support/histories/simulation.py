"""Histories of several callers, several items and an unreliable network, in simulated time.

One event happens after the other, and a seed decides on all of them. So a history is the same in
each run, and takes only the time that the functions compute.
"""

import heapq
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from random import Random

from common import ids
from tests.support.entities import ENTITY
from tests.support.histories.attempts import Attempt, AwsAnswer
from tests.support.histories.aws import carry_out
from tests.support.histories.choices import Choices
from tests.support.histories.function_process import (
    Failure,
    FunctionProcess,
)
from tests.support.histories.invocations import API_KEY_ID, invocation_of, time_of
from tests.support.histories.item_model import Operation, Request
from tests.support.histories.network import Mutation, Network
from tests.support.http.openapi_conformance import assert_documented
from tests.support.http.response import HttpResponse

CALLERS = 8
ITEMS = 12

MOST_WRITES_BETWEEN = 30
"""An attempt that is later than this number of writes to its item never arrives: the item forgets
older ones."""

_THINKING_SECONDS = 0.5


@dataclass(frozen=True)
class TimedOperation:
    """An operation, and the times of its invocation and its response."""

    operation: Operation
    invoked: float
    responded: float


@dataclass
class _Caller:
    """A caller, and the execution environment that answers it."""

    process: FunctionProcess
    left: int
    """The requests that it has yet to send."""
    request: Request | None = None
    number: int = -1
    invoked: float = 0.0
    attempts: int = 0
    """The attempts of the current request."""


class Simulation:
    """Simulates one history.

    Args:
        seed: Decides on everything that happens.
        requests: The number of requests.
        fault_rate: The share of the attempts that meet a fault.
        mutation: Changes each attempt on its way to the table.
    """

    def __init__(
        self,
        seed: int,
        *,
        requests: int,
        fault_rate: float,
        mutation: Mutation = lambda attempt: attempt,
    ) -> None:
        self._seed = seed
        self._dice = Random(seed)
        self._mutation = mutation
        self._network = Network(self._dice, fault_rate)
        keys = [f"{seed:x}a{n:x}" for n in range(ITEMS)]
        self._keys = {ids.derived_id(API_KEY_ID, key): key for key in keys}
        self._choices = Choices(self._dice, {key: item_id for item_id, key in self._keys.items()})
        self._now = 0.0
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._event_numbers = count()
        self._request_numbers = count()
        self._writes: Counter[str] = Counter()
        self._refused: set[int] = set()
        self._callers = [_Caller(FunctionProcess(), requests // CALLERS) for _ in range(CALLERS)]
        self.history: defaultdict[str, list[TimedOperation]] = defaultdict(list)
        """The operations on each item, by its id."""

    @property
    def counts(self) -> Counter[str]:
        """The number of attempts by fate."""
        return self._network.fates

    def run(self) -> None:
        """Let the callers send their requests, and read every item once the network is quiet."""
        try:
            for caller in self._callers:
                self._rest(caller)
            self._run_events()
            self._network.fault_rate = 0
            for item_id in self._keys:
                self._send(self._callers[0], Request("GET", item_id))
                self._run_events()
        finally:
            # The next history depends on its seed alone: an environment's clients make fewer
            # retries after many failures.
            for caller in self._callers:
                caller.process.kill()

    def _run_events(self) -> None:
        while self._events:
            self._now, _, event = heapq.heappop(self._events)
            event()

    def _after(self, seconds: float, event: Callable[[], None]) -> None:
        heapq.heappush(self._events, (self._now + seconds, next(self._event_numbers), event))

    def _rest(self, caller: _Caller) -> None:
        if caller.left:
            caller.left -= 1
            pause = self._dice.expovariate(1 / _THINKING_SECONDS)
            self._after(pause, lambda: self._send(caller, self._choices.next()))

    def _send(self, caller: _Caller, request: Request) -> None:
        caller.request, caller.invoked, caller.attempts = request, self._now, 0
        caller.number = next(self._request_numbers)
        invocation = invocation_of(
            request,
            self._keys[request.item_id],
            history=str(self._seed),
            number=caller.number,
        )
        self._proceed(caller, caller.process.invoke(invocation))

    def _proceed(self, caller: _Caller, result: Attempt | HttpResponse) -> None:
        if isinstance(result, HttpResponse):
            self._answer(caller, result)
            return
        if not result.is_to_dynamodb:
            self._proceed(caller, caller.process.resume(carry_out(result)))
            return
        # botocore's pause before retry n is random, and at most 2**n seconds.
        pause = self._dice.uniform(0, 2 ** (caller.attempts - 1)) if caller.attempts else 0.0
        caller.attempts += 1
        self._after(pause, lambda: self._transmit(caller, result))

    def _transmit(self, caller: _Caller, attempt: Attempt) -> None:
        fate = self._network.fate()
        assert caller.request is not None
        answers: list[AwsAnswer] = []
        number, item_id = caller.number, caller.request.item_id
        sent_after = self._writes[item_id]

        def arrive() -> None:
            # Nothing in the table can tell that a request was refused, so an attempt that arrives
            # after that refusal would be carried out.
            too_late = self._writes[item_id] - sent_after > MOST_WRITES_BETWEEN
            if too_late or number in self._refused:
                return
            answers.append(carry_out(self._mutation(attempt)))
            if answers[0].status == 200 and attempt.is_write:
                self._writes[item_id] += 1

        def end() -> None:
            outcome: AwsAnswer | Failure = fate.outcome or answers[0]
            self._proceed(caller, caller.process.resume(outcome))

        def kill() -> None:
            caller.process.kill()
            caller.process = FunctionProcess()
            self._answer(caller, None)

        if fate.arrives is not None:
            self._after(fate.arrives, arrive)
        if fate.kills is None:
            self._after(fate.ends, end)
        else:
            self._after(fate.kills, kill)

    def _answer(self, caller: _Caller, answer: HttpResponse | None) -> None:
        request, number = caller.request, caller.number
        assert request is not None
        operation = Operation(number, request, time_of(number), answer)
        if answer is not None:
            assert_documented(request.method, _resource(request), answer)
            if answer.status in {404, 409, 412, 422}:
                self._refused.add(number)
        self.history[request.item_id].append(TimedOperation(operation, caller.invoked, self._now))
        self._choices.learn(operation)
        self._rest(caller)


def _resource(request: Request) -> str:
    return ENTITY.path if request.method == "POST" else ENTITY.item_path
