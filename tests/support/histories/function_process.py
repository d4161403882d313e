"""Processes that answer requests as the functions do, on a network that the tests control.

Each process is one execution environment: it answers one request at a time, and keeps the layer's
state between requests. Each attempt of its AWS clients goes to the test, which decides on it. So
the order of all attempts is the test's, and SIGKILL ends a process between two attempts.
"""

import os
import signal
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo
from multiprocessing import get_context
from multiprocessing.connection import Connection
from types import SimpleNamespace
from typing import Any, Literal

from botocore import endpoint
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.exceptions import ConnectionClosedError, ReadTimeoutError
from botocore.httpsession import URLLib3Session

from common.web import requests
from tests.support.histories.attempts import Attempt, AwsAnswer, attempt_of, response_of
from tests.support.http.function_api import HANDLERS, Context
from tests.support.http.response import HttpResponse

# A process that is forked from this server has imported the functions already.
_CONTEXT = get_context("forkserver")
_CONTEXT.set_forkserver_preload([__name__])


Failure = Literal["timeout", "reset"]
"""An attempt's end without an answer, as the client sees it."""


@dataclass(frozen=True)
class Invocation:
    """An event for a function, and the time at which it is invoked."""

    method: str
    event: Mapping[str, Any]
    invocation_id: str
    time: datetime


class FunctionProcess:
    """One execution environment of all functions."""

    def __init__(self) -> None:
        self._connection, theirs = _CONTEXT.Pipe()
        self._process = _CONTEXT.Process(target=_serve, args=(theirs,), daemon=True)
        self._process.start()
        theirs.close()

    def invoke(self, invocation: Invocation) -> Attempt | HttpResponse:
        """Begin a request, and return its first attempt, or the answer if it makes none."""
        return self._continue(invocation)

    def resume(self, outcome: AwsAnswer | Failure) -> Attempt | HttpResponse:
        """End an attempt, and return the request's next attempt, or its answer."""
        return self._continue(outcome)

    def kill(self) -> None:
        """End the process by SIGKILL."""
        assert self._process.pid is not None
        os.kill(self._process.pid, signal.SIGKILL)
        self._process.join()
        self._process.close()
        self._connection.close()

    def _continue(self, message: object) -> Attempt | HttpResponse:
        self._connection.send(message)
        result: Attempt | HttpResponse = self._connection.recv()
        return result


def _serve(connection: Connection) -> None:
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
