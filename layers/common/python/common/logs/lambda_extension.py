"""What runs after the response and at shutdown: the layer is an internal Lambda extension.

Lambda freezes an execution environment once the runtime and every extension have asked for the
next event. By asking only after the lines are shipped, the layer has them shipped when the
caller has the answer already.
https://docs.aws.amazon.com/lambda/latest/dg/runtimes-extensions-api.html
"""

import http.client
import json
import os
import signal
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from types import FrameType
from typing import NamedTuple, Protocol

from common.aws.clients import CALLS
from common.logs.logger import archive, count, logger, metrics

SHUTDOWN_SECONDS = 0.4
"""Lambda kills an environment with an internal extension 0.5 seconds after SIGTERM:
https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html"""
_API = "/2020-01-01/extension"
_NAME = "job-ledger-archive"
_POSTING_SECONDS = 0.5
_EXIT_FAILURE = 1


class LambdaContext(Protocol):
    """The part of Lambda's context object that we use."""

    @property
    def aws_request_id(self) -> str: ...

    def get_remaining_time_in_millis(self) -> int: ...


class Extension:
    """Does some work between a response and the next invocation, and some at shutdown.

    Has to be made while the function is being initialised, by its main thread: Lambda accepts
    no extension later, and Python no signal handler elsewhere.

    Args:
        runtime_api: Host and port of Lambda's APIs, from ``AWS_LAMBDA_RUNTIME_API``.
        after_response: Does the work; is given the seconds until the function's timeout.
        at_shutdown: Does what is left, if that takes no longer than SHUTDOWN_SECONDS.
        at_exit: Says what could not be done. Has to be quick.

    Raises:
        RuntimeError: Lambda does not accept the extension.
    """

    def __init__(
        self,
        runtime_api: str,
        after_response: Callable[[float], None],
        at_shutdown: Callable[[], None],
        at_exit: Callable[[], None],
    ) -> None:
        self._api = http.client.HTTPConnection(runtime_api)
        self._after_response = after_response
        self._at_shutdown = at_shutdown
        self._at_exit = at_exit
        self._handled = threading.Event()
        self._posted = threading.Event()
        # Without SHUTDOWN: an internal extension may not ask for it. SIGTERM says the same.
        answer = self._call(
            "POST", "/register", {"Lambda-Extension-Name": _NAME}, {"events": ["INVOKE"]}
        )
        self._identity = {
            "Lambda-Extension-Identifier": answer.headers["Lambda-Extension-Identifier"]
        }
        threading.Thread(target=self._serve, name="extension", daemon=True).start()
        signal.signal(signal.SIGTERM, self._shut_down)

    def handled(self, context: object) -> None:
        """Say that the handler is done with an invocation, all but for returning.

        Args:
            context: The invocation's context object. The runtime holds it until it has posted
                the response, so its end is the sign that the caller has been answered.
        """
        self._context = weakref.ref(context, lambda _: self._posted.set())
        self._handled.set()

    def _serve(self) -> None:
        try:
            while True:
                event = json.loads(self._call("GET", "/event/next", self._identity).body)
                deadline = event["deadlineMs"] / 1000
                self._handled.wait(deadline - time.time())
                # Someone who keeps the context may delay the next invocation, but not for long.
                self._posted.wait(_POSTING_SECONDS)
                self._handled.clear()
                self._posted.clear()
                self._after_response(deadline - time.time())
        except Exception:  # noqa: BLE001 - whatever it is, the process ends
            # An extension that is silent would let each invocation run into its timeout; Lambda
            # replaces an environment whose process ends.
            logger.critical("the extension has failed", exc_info=True)
            os._exit(_EXIT_FAILURE)

    def _shut_down(self, signum: int, _: FrameType | None) -> None:
        last_work = threading.Thread(target=self._at_shutdown, daemon=True)
        last_work.start()
        last_work.join(SHUTDOWN_SECONDS)
        self._at_exit()
        signal.signal(signum, signal.SIG_DFL)
        signal.raise_signal(signum)

    def _call(
        self, method: str, path: str, headers: dict[str, str], body: object = None
    ) -> "_Answer":
        self._api.request(method, _API + path, None if body is None else json.dumps(body), headers)
        response = self._api.getresponse()
        answer = _Answer(response.headers, response.read())
        if response.status != HTTPStatus.OK:
            raise RuntimeError(f"{method} {path}: {response.status} {answer.body!r}")
        return answer


class _Answer(NamedTuple):
    headers: http.client.HTTPMessage
    body: bytes


@contextmanager
def invocation(context: LambdaContext, request_id: str) -> Iterator[None]:
    """Have what an invocation logs shipped: after its response, and not after each one.

    Where there is no Runtime API, as in tests and emulators, nothing runs after the response,
    and there is no telling whether there will be another; so the lines are shipped at the end.

    Args:
        context: The invocation's context object.
        request_id: The request's id; part of the name of the object that it may ship.
    """
    global _request_id
    _request_id = request_id
    try:
        yield
    finally:
        if _extension:
            _extension.handled(context)
        else:
            CALLS.end_within(context.get_remaining_time_in_millis() / 1000)
            _ship()


_request_id = ""


def _ship_if_due(seconds: float) -> None:
    if archive.due:
        CALLS.end_within(seconds)
        _ship()
        metrics.flush_metrics()


def _ship_the_last() -> None:
    if archive.waiting:
        CALLS.begin()
        _ship()
        metrics.flush_metrics()


def _report_the_lost() -> None:
    # What a warning of the last failure has displaced is lost too.
    if lost := archive.waiting + archive.take_dropped():
        count("ArchiveDroppedLines", lost)
        metrics.flush_metrics()


def _ship() -> None:
    shipment = archive.ship(_request_id)
    if shipment.objects:
        count("ArchiveUploads", shipment.objects)
    if shipment.dropped:
        count("ArchiveDroppedLines", shipment.dropped)
    if shipment.error:
        count("ArchiveFailures")
        logger.warning(
            "log lines not archived",
            extra={"request_id": _request_id, "error_type": shipment.error},
        )


def _register() -> Extension | None:
    runtime_api = os.environ.get("AWS_LAMBDA_RUNTIME_API")
    if runtime_api is None:
        return None
    return Extension(
        runtime_api,
        after_response=_ship_if_due,
        at_shutdown=_ship_the_last,
        at_exit=_report_the_lost,
    )


_extension = _register()
