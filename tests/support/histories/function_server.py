"""The other end of :mod:`tests.support.histories.function_process`: the functions."""

import os
import sys
import time
from datetime import datetime, tzinfo
from multiprocessing.connection import Connection
from types import SimpleNamespace

from botocore import endpoint
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.exceptions import ConnectionClosedError, ReadTimeoutError
from botocore.httpsession import URLLib3Session

from common import cold_start
from common.web import requests
from tests.support.histories.attempts import AwsAnswer, attempt_of, response_of
from tests.support.http.function_api import HANDLERS, Context
from tests.support.http.response import HttpResponse

# All clients exist, as in an environment that Lambda restores from a snapshot.
cold_start.before_snapshot()


def serve(connection: Connection) -> None:
    """Answer requests until the test ends the process or itself."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    _send_attempts_to(connection)
    while True:
        try:
            invocation = connection.recv()
        except EOFError:
            return
        _set_clock(invocation.time)
        context = Context(invocation.invocation_id)
        answer = HANDLERS[invocation.method](invocation.event, context)
        connection.send(HttpResponse(answer["statusCode"], answer["headers"], answer["body"]))


def _send_attempts_to(connection: Connection) -> None:
    def send(_: URLLib3Session, request: AWSPreparedRequest) -> AWSResponse:
        attempt = attempt_of(request)
        if not attempt.target:
            # The log archive takes everything.
            return response_of(AwsAnswer(200, {}, b""), request.url)
        connection.send(attempt)
        match connection.recv():
            case AwsAnswer() as answer:
                return response_of(answer, request.url)
            case "timeout":
                raise ReadTimeoutError(endpoint_url=request.url)
            case _:
                raise ConnectionClosedError(endpoint_url=request.url)

    URLLib3Session.send = send  # type: ignore[method-assign, assignment]
    # The network's latency includes the pause before a retry.
    vars(endpoint)["time"] = SimpleNamespace(**{**vars(time), "sleep": lambda _: None})


def _set_clock(moment: datetime) -> None:
    class Clock(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
            return moment.astimezone(tz)

    vars(requests)["datetime"] = Clock
