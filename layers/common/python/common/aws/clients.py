"""The retrying clients of DynamoDB, S3 and SSM: one session, explicit timeouts, and a deadline.

By default, botocore waits 60 seconds for each attempt and goes on retrying after Lambda has given
up. These clients count every attempt, and make none that could end after the request's deadline.
"""

import threading
import time
from functools import cache, partial
from typing import TYPE_CHECKING, Any, Literal, get_args, overload

from boto3 import __version__ as boto3_version
from boto3.session import Session
from botocore.config import Config

from common.aws.attempts import Attempts, StrictParsers
from common.aws.timeouts import DYNAMODB, MAX_CONNECTIONS, S3, SSM, Timeouts
from common.exceptions import DeadlineReached

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_ssm import SSMClient

Service = Literal["dynamodb", "s3", "ssm"]
SERVICES: tuple[Service, ...] = get_args(Service)

_TIMEOUTS: dict[Service, Timeouts] = {"dynamodb": DYNAMODB, "s3": S3, "ssm": SSM}


class Calls:
    """The AWS calls of the current request.

    An execution environment serves one request at a time, so one instance is enough.
    """

    _deadline: float
    # Appending is atomic: the queries of a list run in parallel.
    _attempts: list[Service]

    def __init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        """Start a request, without attempts and without a deadline."""
        self._deadline = float("inf")
        self._attempts = []

    def end_within(self, seconds: float) -> None:
        """Refuse attempts that could end later than ``seconds`` from now."""
        self._deadline = time.monotonic() + seconds

    def attempts(self, service: Service) -> int:
        """Return the number of attempts that this request has made, retries included."""
        return self._attempts.count(service)

    def before_send(self, service: Service, **_: Any) -> None:
        """Count an attempt, or refuse it.

        Raises:
            DeadlineReached: The attempt could outlast the deadline.
        """
        if time.monotonic() + _TIMEOUTS[service].attempt > self._deadline:
            raise DeadlineReached(service)
        self._attempts.append(service)


CALLS = Calls()


# A session cannot create two clients at once, and the extension may create its first
# client while a request creates another.
_CREATING = threading.Lock()


@cache
def _session() -> Session:
    return Session()


@overload
def client(service: Literal["dynamodb"]) -> "DynamoDBClient": ...
@overload
def client(service: Literal["s3"]) -> "S3Client": ...
@overload
def client(service: Literal["ssm"]) -> "SSMClient": ...


def client(service: Service) -> Any:
    """Return the client of ``service``, which is created on first use and then shared.

    The client may be used from several threads. Its calls raise botocore's exceptions, and
    DeadlineReached.
    """
    with _CREATING:
        return _client(service)


@cache
def _client(service: Service) -> Any:
    timeouts = _TIMEOUTS[service]
    created: Any = _session().client(
        service,
        config=Config(
            connect_timeout=timeouts.connect,
            read_timeout=timeouts.read,
            retries={"mode": "standard", "total_max_attempts": timeouts.attempts},
            tcp_keepalive=True,
            max_pool_connections=MAX_CONNECTIONS,
            # Validating arguments that we built ourselves, and composing the User-Agent for each
            # call, would each take a tenth of a request's CPU time.
            parameter_validation=False,
            user_agent=f"Boto3/{boto3_version}",
        ),
    )
    endpoint = created._endpoint
    endpoint.http_session = Attempts(endpoint.http_session, service, timeouts.attempt)
    endpoint._response_parser_factory = StrictParsers()
    count_attempt = partial(CALLS.before_send, service)
    created.meta.events.register_first(f"before-send.{service}", count_attempt)
    return created
