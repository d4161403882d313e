"""Retries and timeouts of DynamoDB, S3 and SSM, and of the layers around them.

Each step of a request may take less time than the step around it: API Gateway waits longer than
Lambda runs, and Lambda runs longer than the worst case of all AWS calls of a request. So a caller
gets an answer, and never a timeout of ours. The clients and the stack both read these settings.
All times are in seconds.
"""

from typing import NamedTuple


class Timeouts(NamedTuple):
    """The timeouts of a client, and its number of attempts."""

    connect: float
    """Seconds to establish a connection; TLS may take as long again, within the attempt's time."""

    read: float
    """Seconds to wait for the next bytes of an answer."""

    attempts: int
    """Calls in total, the first one included."""

    @property
    def attempt(self) -> float:
        """The longest that one attempt takes, from the resolver to the last byte of the answer."""
        return self.connect + self.read

    @property
    def worst_case(self) -> float:
        """The longest that all attempts and botocore's pauses between them take.

        In botocore's standard mode, the pause before retry n (from 0) is at most 2**n:
        https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html
        """
        return self.attempts * self.attempt + sum(2.0**n for n in range(self.attempts - 1))


DYNAMODB = Timeouts(connect=1, read=2, attempts=3)
SSM = Timeouts(connect=1, read=1, attempts=1)
S3 = Timeouts(connect=1, read=2, attempts=1)

PARAMETER_TTL = 300.0
"""The time that a function keeps a value from Parameter Store, plus or minus a tenth."""

MAX_CONNECTIONS = 16
"""The most calls of one client that may be in flight at once."""

LAMBDA_TIMEOUT = 25
API_GATEWAY_TIMEOUT = 29

SHIPPING_RESERVE = S3.worst_case + 1
"""The time at the end of an invocation that is reserved for shipping its log lines."""

POSTING_TIMEOUT = 0.5
"""The longest wait for an invocation's response to be posted."""

SHUTDOWN_TIMEOUT = 0.4
"""Lambda kills an environment with an internal extension 0.5 seconds after SIGTERM:
https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html"""
