"""The time ladder: how long each step of a request may take, each inside the next.

API Gateway waits longer than Lambda runs, and Lambda runs longer than the worst case of
every AWS call of a request, so a caller gets an answer and never a timeout of ours. The
clients and the stack both read these settings. All times are in seconds.
"""

from typing import NamedTuple


class Patience(NamedTuple):
    """How long a client waits for one service, and how often it tries.

    Args:
        connect: Seconds to establish a connection.
        read: Seconds to wait for an answer.
        attempts: Calls in all, the first included.
    """

    connect: float
    read: float
    attempts: int

    @property
    def attempt(self) -> float:
        """The longest that one attempt takes."""
        return self.connect + self.read

    @property
    def worst_case(self) -> float:
        """The longest that all attempts and botocore's pauses between them take.

        The pause before the retry number n (from 0) is at most 2**n, in botocore's
        standard mode: https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html
        """
        return self.attempts * self.attempt + sum(2.0**n for n in range(self.attempts - 1))


DYNAMODB = Patience(connect=1, read=2, attempts=3)
SSM = Patience(connect=1, read=1, attempts=1)
S3 = Patience(connect=1, read=2, attempts=1)

PARAMETER_TTL = 300.0
"""How long a function keeps what it has read from Parameter Store, give or take a tenth."""

MAX_CONNECTIONS = 16
"""Calls of one client that may be under way at once."""

LAMBDA_TIMEOUT = 25
API_GATEWAY_TIMEOUT = 29

SHIPPING_RESERVE = S3.worst_case + 1
"""Kept free at the end of a request for shipping its log lines."""
