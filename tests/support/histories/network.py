"""The network between the functions and DynamoDB: delays, lost answers, and late attempts."""

import zlib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import NamedTuple

from common.aws.timeouts import DYNAMODB
from tests.support.histories.attempts import Attempt, AwsAnswer
from tests.support.histories.function_process import Failure

Mutation = Callable[[Attempt], Attempt]
"""Changes an attempt on its way to the table."""

LATEST_SECONDS = 30.0
"""An attempt arrives within this time, or never."""

_LEG_SECONDS = 0.1
"""The mean time of an attempt or an answer on its way."""


class Fate(NamedTuple):
    """The fate of an attempt. All times are in seconds after it was sent."""

    name: str

    arrives: float | None
    """The time at which the table carries it out; None if it never does."""

    ends: float
    """The time at which the function learns of its end."""

    outcome: AwsAnswer | Failure | None
    """The end that the function sees; None for the table's answer."""

    kills: float | None = None
    """The time at which the function's process is killed."""


def _error(status: int, code: str) -> AwsAnswer:
    body = b'{"__type":"com.amazonaws.dynamodb.v20120810#%b","message":"..."}' % code.encode()
    return AwsAnswer(status, {"x-amz-crc32": str(zlib.crc32(body))}, body)


@dataclass
class Network:
    """Decides at random on the fate of each attempt."""

    dice: Random

    fault_rate: float
    """The share of the attempts that meet a fault."""

    fates: Counter[str] = field(default_factory=Counter)
    """The number of attempts by fate."""

    def fate(self) -> Fate:
        """Decide on the next attempt."""
        arrival, way_back = self._leg(), self._leg()
        fate = Fate("answered", arrival, arrival + way_back, None)
        if self.dice.random() < self.fault_rate:
            fate = self._fault(arrival, way_back)
        self.fates[fate.name] += 1
        return fate

    def _fault(self, arrival: float, way_back: float) -> Fate:
        late = self.dice.uniform(DYNAMODB.read, LATEST_SECONDS)
        timeout = DYNAMODB.read
        end = arrival + way_back
        kill = self.dice.uniform(0, end)
        faults = [
            (3, Fate("answer lost", arrival, end, "reset")),
            (2, Fate("answer too late", arrival, timeout, "timeout")),
            (4, Fate("arrived late", late, timeout, "timeout")),
            (1, Fate("lost", None, timeout, "timeout")),
            (1, Fate("connection refused", None, arrival, "reset")),
            (1, Fate("throttled", None, end, _error(400, "ThrottlingException"))),
            (1, Fate("failed", None, end, _error(500, "InternalServerError"))),
            (2, Fate("killed", arrival, end, None, kill)),
            (1, Fate("killed, arrived late", late, end, None, kill)),
        ]
        weights = [weight for weight, _ in faults]
        (fate,) = self.dice.choices([fate for _, fate in faults], weights=weights)
        return fate

    def _leg(self) -> float:
        return self.dice.expovariate(1 / _LEG_SECONDS)
