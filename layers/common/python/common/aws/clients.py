"""The AWS clients: one session, explicit patience, and a deadline that retries respect.

botocore alone would wait 60 seconds for each attempt, and would go on retrying after Lambda
has given up. Here every attempt is counted, and one that cannot end before the deadline of
the request is not made.
"""

import threading
import time
from functools import cache, partial
from typing import TYPE_CHECKING, Any, Literal, get_args, overload

from botocore import __version__ as botocore_version
from botocore.config import Config
from botocore.session import Session

from common.aws.timeouts import DYNAMODB, MAX_CONNECTIONS, S3, SSM, Patience

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_ssm import SSMClient

Service = Literal["dynamodb", "s3", "ssm"]
SERVICES: tuple[Service, ...] = get_args(Service)

_PATIENCE: dict[Service, Patience] = {"dynamodb": DYNAMODB, "s3": S3, "ssm": SSM}


class DeadlineReached(Exception):
    """Another attempt could not have ended before the request's deadline."""


class Calls:
    """The AWS calls of the request that this execution environment is serving.

    Lambda serves one request at a time in an environment, so one instance serves them all.
    """

    _deadline: float
    # Appending is atomic, and the parallel queries of a list are counted too.
    _attempts: list[Service]

    def __init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        """Start a request: no attempts yet, and no deadline."""
        self._deadline = float("inf")
        self._attempts = []

    def end_within(self, seconds: float) -> None:
        """Let no attempt start from now on that could end later than ``seconds`` from now."""
        self._deadline = time.monotonic() + seconds

    def attempts(self, service: Service) -> int:
        """How many attempts this request has made at ``service``, retries included."""
        return self._attempts.count(service)

    def before_send(self, service: Service, **_: Any) -> None:
        """Count an attempt, or refuse it.

        Raises:
            DeadlineReached: The attempt could outlast the deadline.
        """
        if time.monotonic() + _PATIENCE[service].attempt > self._deadline:
            raise DeadlineReached(service)
        self._attempts.append(service)


CALLS = Calls()


# A session of botocore may not create two clients at once; the extension that ships lines may need
# its first one when a request does.
_CREATING = threading.Lock()


@cache
def _session() -> Session:
    # boto3 would bring transfers and resources along, a tenth of a cold start.
    return Session()


@overload
def client(service: Literal["dynamodb"]) -> "DynamoDBClient": ...
@overload
def client(service: Literal["s3"]) -> "S3Client": ...
@overload
def client(service: Literal["ssm"]) -> "SSMClient": ...


def client(service: Service) -> Any:
    """The client of ``service``, created on first use and shared from then on.

    Its calls raise DeadlineReached besides botocore's own errors. It is safe to use from
    several threads.
    """
    with _CREATING:
        return _client(service)


@cache
def _client(service: Service) -> Any:
    patience = _PATIENCE[service]
    made = _session().create_client(
        service,
        config=Config(
            connect_timeout=patience.connect,
            read_timeout=patience.read,
            retries={"mode": "standard", "total_max_attempts": patience.attempts},
            tcp_keepalive=True,
            max_pool_connections=MAX_CONNECTIONS,
            # Each takes a tenth of a request's CPU time: to check what we have made ourselves,
            # and to put together a name for every call.
            parameter_validation=False,
            user_agent=f"Botocore/{botocore_version} job-ledger",
        ),
    )
    made.meta.events.register_first(f"before-send.{service}", partial(CALLS.before_send, service))
    return made
