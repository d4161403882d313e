"""Processes that answer requests as the functions do, on a network that the tests control.

Each process is one execution environment: it answers one request at a time, and keeps the layer's
state between requests. Each attempt of its AWS clients goes to the test, which decides on it. So
the order of all attempts is the test's, and SIGKILL ends a process between two attempts.
"""

import os
import signal
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Any, Literal

from tests.support.histories.attempts import Attempt, AwsAnswer
from tests.support.http.response import HttpResponse

# A process that is forked from this server has imported the functions already. The tests themselves
# do not, since a client that exists before moto is imported would bypass it.
_CONTEXT = get_context("forkserver")
_CONTEXT.set_forkserver_preload(["tests.support.histories.function_server"])


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
    from tests.support.histories.function_server import serve

    serve(connection)
