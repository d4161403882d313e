"""The Lambda extension: the layer ships log lines after the response, and at shutdown.

Lambda freezes an execution environment once the runtime and every extension have asked for the
next event. The layer is an internal extension that asks only after it has uploaded its log lines,
so uploads happen once the caller has the response.
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
from typing import TYPE_CHECKING, NamedTuple

from common.aws.clients import CALLS
from common.aws.outcomes import ENVIRONMENT
from common.aws.timeouts import POSTING_TIMEOUT, SHUTDOWN_TIMEOUT
from common.logs.logger import log_shipper, logger
from common.logs.metrics import count, flush
from common.logs.uninterrupted import UNINTERRUPTED

if TYPE_CHECKING:
    from common.aws.lambda_context import LambdaContext

_API = "/2020-01-01/extension"
_NAME = "log-archive"
_EXIT_FAILURE = 1


class Extension:
    """Runs a callback between a response and the next invocation, and others at shutdown.

    Create it on the main thread while the function initialises: Lambda registers no extension
    later, and Python sets signal handlers on no other thread.

    Args:
        runtime_api: Host and port of Lambda's APIs, from ``AWS_LAMBDA_RUNTIME_API``.
        after_response: Runs after each response, with the seconds until the function's timeout.
        at_shutdown: Runs at SIGTERM, for at most SHUTDOWN_TIMEOUT.
        at_exit: Runs last, to report work that was not finished. It must be quick.

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
        self._response_posted = threading.Event()
        # Internal extensions may not register for SHUTDOWN; they get SIGTERM instead.
        answer = self._call(
            "POST", "/register", {"Lambda-Extension-Name": _NAME}, {"events": ["INVOKE"]}
        )
        self._identity = {
            "Lambda-Extension-Identifier": answer.headers["Lambda-Extension-Identifier"]
        }
        threading.Thread(target=self._serve, name="extension", daemon=True).start()
        UNINTERRUPTED.handle(signal.SIGTERM, self._shut_down)

    def handled(self, context: object) -> None:
        """Mark an invocation as handled: all that is left for the handler is to return.

        Args:
            context: The invocation's context object. The runtime keeps it until it has posted
                the response, so the object's end signals that the caller has been answered.
        """
        self._context = weakref.ref(context, lambda _: self._response_posted.set())
        self._handled.set()

    def _serve(self) -> None:
        try:
            while True:
                event = json.loads(self._call("GET", "/event/next", self._identity).body)
                deadline = event["deadlineMs"] / 1000
                self._handled.wait(deadline - time.time())
                # A reference that outlives the response delays the next invocation only this long.
                self._response_posted.wait(POSTING_TIMEOUT)
                self._handled.clear()
                self._response_posted.clear()
                self._after_response(deadline - time.time())
        except Exception:  # noqa: BLE001 - after any failure, the process ends
            # A silent extension would let each invocation run into its timeout. Lambda replaces
            # an environment whose process ends.
            logger.critical("the extension has failed", exc_info=True)
            os._exit(_EXIT_FAILURE)

    def _shut_down(self, signum: int, _: FrameType | None) -> None:
        last_work = threading.Thread(target=self._at_shutdown, daemon=True)
        last_work.start()
        last_work.join(SHUTDOWN_TIMEOUT)
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
def invocation(context: "LambdaContext", request_id: str) -> Iterator[None]:
    """Have the log lines of an invocation shipped after its response, when an upload is due.

    Without a Runtime API, as in tests and emulators, nothing runs after the response, and no
    further invocation may follow; so the lines are shipped at the end of each invocation.

    Args:
        context: The invocation's context object.
        request_id: The request's id, for the log.
    """
    global _request_id, _invocation_id
    _request_id, _invocation_id = request_id, context.aws_request_id
    try:
        yield
    finally:
        if _extension:
            _extension.handled(context)
        else:
            CALLS.end_within(context.get_remaining_time_in_millis() / 1000)
            _ship()


_request_id = _invocation_id = ""


def _work_after_response(seconds: float) -> None:
    if not ENVIRONMENT.is_usable:
        _end_environment(seconds)
    if log_shipper.due:
        CALLS.end_within(seconds)
        _ship()
        flush()


def _end_environment(seconds: float) -> None:
    """End this process, so that Lambda starts another environment with other credentials."""
    logger.critical(
        "environment ended: AWS refuses its credentials", extra={"request_id": _request_id}
    )
    CALLS.end_within(seconds)
    _ship()
    _report_lost_lines()
    os._exit(_EXIT_FAILURE)


def _ship_remaining() -> None:
    if log_shipper.waiting:
        CALLS.begin()
        _ship()
        flush()


def _report_lost_lines() -> None:
    # The warning about the last failure may itself have displaced lines.
    if lost := log_shipper.waiting + log_shipper.take_dropped():
        count("ArchiveDroppedLines", lost)
    flush()


def _ship() -> None:
    shipment = log_shipper.ship(_invocation_id)
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
        after_response=_work_after_response,
        at_shutdown=_ship_remaining,
        at_exit=_report_lost_lines,
    )


_extension = _register()
