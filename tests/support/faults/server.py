"""Serve AWS by moto, and let faults take the place of its answers.

microburst injects the faults of AWS's protocols, and the tests of the deployed service use it. This
server has the faults that it lacks: every byte of an answer is the fault's.
"""

import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple
from zlib import crc32

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.test import EnvironBuilder, run_wsgi_app

CHECKSUM = "x-amz-crc32"
_SERVICES = {"DynamoDB_20120810": "dynamodb", "AmazonSSM": "ssm"}
_WRITES = {"DeleteItem", "PutItem", "UpdateItem"}


class Answer(NamedTuple):
    """An answer of AWS."""

    status: int

    headers: dict[str, str]
    """The headers, without Content-Length."""

    body: bytes

    def with_body(self, body: bytes, *, checksum: bool = True) -> "Answer":
        """Return the answer with another body, and the checksum of this one or of the other."""
        headers = self.headers | ({CHECKSUM: str(crc32(body))} if checksum else {})
        return self._replace(headers=headers, body=body)

    def with_checksum(self, checksum: str | None) -> "Answer":
        """Return the answer with another checksum, or without one."""
        others = {name: value for name, value in self.headers.items() if name != CHECKSUM}
        return self._replace(headers=others | ({CHECKSUM: checksum} if checksum else {}))

    def bytes(self) -> bytes:
        """Return the answer as it is sent."""
        headers = {"Content-Length": str(len(self.body)), **self.headers}
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        return f"HTTP/1.1 {self.status} Status\r\n{lines}\r\n".encode() + self.body


class Exchange:
    """A request, and the ways to answer it."""

    def __init__(self, handler: BaseHTTPRequestHandler, body: bytes, aws: "HostileAws") -> None:
        self._handler = handler
        self._aws = aws
        self.body = body
        """The body of the request."""

    def forward(self) -> Answer:
        """Have moto carry the call out, and return its answer."""
        return self._aws.carry_out(self._handler, self.body)

    def send(self, answer: Answer | bytes) -> None:
        """Send an answer, or bytes that are none."""
        with suppress(OSError):
            self._handler.wfile.write(answer.bytes() if isinstance(answer, Answer) else answer)

    def drip(self, content: bytes, *, size: int, seconds: float) -> None:
        """Send a few bytes after each pause, until the client gives up."""
        with suppress(OSError):
            for start in range(0, len(content), size):
                self._handler.wfile.write(content[start : start + size])
                time.sleep(seconds)

    def wait(self) -> None:
        """Send nothing until the client gives up."""
        with suppress(OSError):
            self._handler.connection.recv(1)

    def close(self) -> None:
        """Close the connection after this exchange."""
        self._handler.close_connection = True

    def reset(self) -> None:
        """Reset the connection instead of closing it."""
        linger = struct.pack("ii", 1, 0)
        self._handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self._handler.connection.close()
        self.close()


Fault = Callable[[Exchange], None]
"""Answers an exchange."""


class HostileAws:
    """The server, and the faults that are to come."""

    def __init__(self) -> None:
        self.url = ""
        self.writes: Counter[str] = Counter()
        """The writes that moto has applied, by operation."""
        self._app = DomainDispatcherApplication(create_backend_app)
        self._fault: tuple[str, Fault] | None = None
        self._times = 0.0
        self._lock = threading.Lock()

    def inject(self, service: str, fault: Fault, times: float) -> None:
        """Let a fault answer the next calls of a service."""
        with self._lock:
            self._fault, self._times = (service, fault), times
            self.writes.clear()

    def clear(self) -> None:
        """Let no fault answer further calls."""
        with self._lock:
            self._fault = None

    def answer(self, handler: BaseHTTPRequestHandler, body: bytes) -> None:
        """Answer a request."""
        target = handler.headers.get("X-Amz-Target", "").partition(".")[0]
        exchange = Exchange(handler, body, self)
        fault = self._take(_SERVICES.get(target, "s3"))
        if fault is None:
            exchange.send(exchange.forward())
        else:
            fault(exchange)

    def carry_out(self, handler: BaseHTTPRequestHandler, body: bytes) -> Answer:
        """Have moto answer a request."""
        if handler.command == "PUT":
            return Answer(200, {"ETag": '"etag"'}, b"")
        builder = EnvironBuilder(
            handler.path, method=handler.command, headers=list(handler.headers.items()), data=body
        )
        chunks, status, headers = run_wsgi_app(self._app, builder.get_environ())
        answer = Answer(
            int(status.split()[0]),
            {name: value for name, value in headers.items() if name != "Content-Length"},
            b"".join(chunks),
        )
        operation = handler.headers.get("X-Amz-Target", "").rpartition(".")[2]
        if answer.status == 200 and operation in _WRITES:
            self.writes[operation] += 1
        return answer

    def _take(self, service: str) -> Fault | None:
        with self._lock:
            if self._fault is None or self._fault[0] != service or self._times < 1:
                return None
            self._times -= 1
            return self._fault[1]


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Log nothing: faults reset connections."""

    def shutdown_request(self, request: Any) -> None:
        # A fault may have closed the connection.
        with suppress(OSError):
            super().shutdown_request(request)


@contextmanager
def serve_hostile_aws() -> Iterator[HostileAws]:
    """Run the server for as long as the context lasts."""
    aws = HostileAws()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            aws.answer(self, self.rfile.read(int(self.headers.get("Content-Length", 0))))

        do_PUT = do_POST  # noqa: N815 - the name of http.server

        def log_message(self, *_: object) -> None: ...

    with _Server(("127.0.0.1", 0), Handler) as server:
        aws.url = f"http://127.0.0.1:{server.server_port}"
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield aws
        server.shutdown()
