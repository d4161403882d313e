"""Serve the Runtime API and the Extensions API to an execution environment.

As Lambda, this server lets an extension register only before the runtime first asks for an event,
hands out an invocation only when runtime and extension have both asked for one, and returns the
answer to the caller as soon as the runtime has posted it, even if the extension still works.
https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
https://docs.aws.amazon.com/lambda/latest/dg/runtimes-extensions-api.html
"""

import json
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from infra.spec.service import REGION

FUNCTION_TIMEOUT_SECONDS = 25.0
WAIT_SECONDS = 120.0
"""The time to wait for a step of the environment before giving up."""

_NEXT = "/2018-06-01/runtime/invocation/next"
_INVOCATION = "/2018-06-01/runtime/invocation/"
_INIT_ERROR = "/2018-06-01/runtime/init/error"
_REGISTER = "/2020-01-01/extension/register"
_NEXT_EVENT = "/2020-01-01/extension/event/next"
_TRACE_HEADER = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled={sampled}"


@dataclass
class Invocation:
    """One invocation of the function. Times are those of the monotonic clock."""

    event: Mapping[str, Any]
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    """Lambda's request id."""
    started_at: float = 0.0
    """The time at which the invocation was handed out."""
    answered_at: float | None = None
    """The time at which the runtime posted its response or error."""
    answer: Any = None
    """The response of the function."""
    error: Any = None
    """The error that the runtime reported instead of a response."""

    @property
    def deadline_ms(self) -> int:
        return int((time.time() + FUNCTION_TIMEOUT_SECONDS) * 1000)

    @property
    def latency(self) -> float:
        """The seconds that the caller waited."""
        assert self.answered_at is not None
        return self.answered_at - self.started_at


class RuntimeApi:
    """The server of one execution environment.

    Args:
        on_idle: Called whenever Lambda would freeze the environment.
        accepts_extensions: True if an extension may register.
        sampled: True if X-Ray samples the requests.
    """

    def __init__(
        self,
        on_idle: Callable[[], None],
        *,
        accepts_extensions: bool = True,
        sampled: bool = False,
    ) -> None:
        self._on_idle = on_idle
        self._accepts_extensions = accepts_extensions
        self.sampled = sampled
        """True if X-Ray samples the next requests."""
        self._changed = threading.Condition()
        self._runtime_waits = False
        self._extension_waits = False
        self._handed_to_runtime: Invocation | None = None
        self._handed_to_extension: Invocation | None = None
        self._invocation: Invocation | None = None
        self._closed = False
        self.registration: dict[str, Any] | None = None
        """The name and the events with which the extension has registered."""
        self.init_error: Any = None
        """The error that ended the start of the environment."""
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def address(self) -> str:
        """The value of ``AWS_LAMBDA_RUNTIME_API``."""
        return f"127.0.0.1:{self._server.server_port}"

    @property
    def trace_header(self) -> str:
        """The value of ``Lambda-Runtime-Trace-Id``."""
        return _TRACE_HEADER.format(sampled=int(self.sampled))

    def close(self) -> None:
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self._server.shutdown()
        self._server.server_close()

    def wait_until_idle(self) -> None:
        """Wait until the runtime and the extension have asked for the next event."""
        with self._changed:
            assert self._changed.wait_for(lambda: self._idle or self.init_error, WAIT_SECONDS), (
                "the environment did not become idle"
            )

    def invoke(
        self,
        event: Mapping[str, Any],
        before: Callable[[], None],
        seconds: float = WAIT_SECONDS,
    ) -> Invocation:
        """Invoke the function as soon as it is idle, and wait for its answer.

        Args:
            event: The event for the function.
            before: Called right before the invocation is handed out.
            seconds: The time to wait for the answer.
        """
        self.wait_until_idle()
        before()
        with self._changed:
            invocation = Invocation(event)
            self._invocation = invocation
            self._handed_to_runtime = self._handed_to_extension = invocation
            self._runtime_waits = self._extension_waits = False
            invocation.started_at = time.monotonic()
            self._changed.notify_all()
            self._changed.wait_for(lambda: invocation.answered_at or self._closed, seconds)
            assert invocation.answered_at is not None, "the function did not answer"
        return invocation

    @property
    def _idle(self) -> bool:
        return self._runtime_waits and (self._extension_waits or self.registration is None)

    def runtime_next(self) -> Invocation | None:
        with self._changed:
            self._runtime_waits = True
            self._announce()
            self._changed.wait_for(lambda: self._handed_to_runtime or self._closed)
            invocation, self._handed_to_runtime = self._handed_to_runtime, None
            return invocation

    def extension_next(self) -> Invocation | None:
        with self._changed:
            self._extension_waits = True
            self._announce()
            self._changed.wait_for(lambda: self._handed_to_extension or self._closed)
            invocation, self._handed_to_extension = self._handed_to_extension, None
            return invocation

    def _announce(self) -> None:
        if self._idle:
            self._on_idle()
        self._changed.notify_all()

    def register(self, name: str, body: dict[str, Any]) -> bool:
        with self._changed:
            late = self._runtime_waits or self._invocation is not None
            # Only an external extension may ask for SHUTDOWN.
            if late or not self._accepts_extensions or body["events"] != ["INVOKE"]:
                return False
            self.registration = {"name": name, **body}
            return True

    def answer(self, invocation_id: str, *, answer: Any = None, error: Any = None) -> None:
        with self._changed:
            assert self._invocation is not None
            assert self._invocation.id == invocation_id
            self._invocation.answer = answer
            self._invocation.error = error
            self._invocation.answered_at = time.monotonic()
            self._changed.notify_all()

    def fail_to_start(self, error: Any) -> None:
        with self._changed:
            self.init_error = error
            self._changed.notify_all()


def _handler(api: RuntimeApi) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # Without either of these, each call takes tens of milliseconds.
        disable_nagle_algorithm = True
        wbufsize = -1

        def do_GET(self) -> None:
            if self.path == _NEXT:
                invocation = api.runtime_next()
                if invocation is None:
                    self.close_connection = True
                else:
                    headers = {
                        "Lambda-Runtime-Aws-Request-Id": invocation.id,
                        "Lambda-Runtime-Deadline-Ms": str(invocation.deadline_ms),
                        "Lambda-Runtime-Invoked-Function-Arn": f"arn:aws:lambda:{REGION}:0:f",
                        "Lambda-Runtime-Trace-Id": api.trace_header,
                        "Content-Type": "application/json",
                    }
                    self._send(HTTPStatus.OK, invocation.event, headers)
            elif self.path == _NEXT_EVENT:
                invocation = api.extension_next()
                if invocation is None:
                    self.close_connection = True
                else:
                    event = {
                        "eventType": "INVOKE",
                        "deadlineMs": invocation.deadline_ms,
                        "requestId": invocation.id,
                    }
                    self._send(HTTPStatus.OK, event)
            else:
                self._send(HTTPStatus.NOT_FOUND)

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])) or "null")
            if self.path == _REGISTER:
                if api.register(self.headers["Lambda-Extension-Name"], body):
                    identity = {"Lambda-Extension-Identifier": str(uuid.uuid4())}
                    self._send(HTTPStatus.OK, {}, identity)
                else:
                    self._send(HTTPStatus.FORBIDDEN, {"errorType": "Extension.Refused"})
            elif self.path == _INIT_ERROR:
                api.fail_to_start(body)
                self._send(HTTPStatus.ACCEPTED)
            elif self.path.startswith(_INVOCATION):
                invocation_id, kind = self.path.removeprefix(_INVOCATION).split("/")
                api.answer(invocation_id, **{"answer" if kind == "response" else kind: body})
                self._send(HTTPStatus.ACCEPTED)
            else:
                self._send(HTTPStatus.NOT_FOUND)

        def _send(
            self, status: HTTPStatus, body: object = None, headers: Mapping[str, str] | None = None
        ) -> None:
            content = json.dumps(body).encode()
            self.send_response(status)
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Log no requests."""

    return Handler
