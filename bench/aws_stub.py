"""Serve an AWS that answers every call immediately, over TLS, and counts the calls."""

import contextlib
import json
import ssl
import threading
import zlib
from collections import Counter
from collections.abc import Iterator
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from bench.subject import stored_item, update

_ITEM = stored_item(update()[1])
_ANSWERS: dict[str, dict[str, Any]] = {
    "GetItem": {"Item": _ITEM},
    "UpdateItem": {"Attributes": _ITEM},
    "GetParameter": {"Parameter": {"Name": "config", "Type": "String", "Value": "{}"}},
}


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Log nothing: the end of a function resets its connections."""


class AwsStub:
    """The address of the stub, and the calls that it has received."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.calls: Counter[str] = Counter()
        """The number of calls of each operation."""


@contextlib.contextmanager
def serve_aws_stub(tls: Path) -> Iterator[AwsStub]:
    """Run the server for as long as the context lasts.

    Args:
        tls: The folder with the server's certificate.
    """

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        wbufsize = -1

        def handle_expect_100(self) -> bool:
            self.send_response_only(HTTPStatus.CONTINUE)
            self.end_headers()
            self.wfile.flush()
            return True

        def do_POST(self) -> None:
            self._read()
            operation = self.headers["X-Amz-Target"].split(".")[1]
            self._answer(operation, json.dumps(_ANSWERS.get(operation, {})).encode())

        def do_PUT(self) -> None:
            self._read()
            self._answer("PutObject", b"")

        def _read(self) -> None:
            if "Content-Length" in self.headers:
                self.rfile.read(int(self.headers["Content-Length"]))
                return
            # RFC 9112, 7.1: an empty chunk ends the content, and a trailer follows.
            while size := int(self.rfile.readline(), 16):
                self.rfile.read(size + 2)
            while self.rfile.readline().strip():
                pass

        def _answer(self, operation: str, body: bytes) -> None:
            stub.calls[operation] += 1
            self.send_response(200)
            self.send_header("Content-Type", "application/x-amz-json-1.0")
            self.send_header("Content-Length", str(len(body)))
            # As DynamoDB and S3 do; the functions take no other answer.
            self.send_header("x-amz-crc32", str(zlib.crc32(body)))
            self.send_header("ETag", '"etag"')
            self.end_headers()
            self.wfile.write(body)
            self.wfile.flush()

        def log_message(self, *_: Any) -> None: ...

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tls / "server.pem")
    with _Server(("127.0.0.1", 0), Handler) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        stub = AwsStub(f"https://127.0.0.1:{server.server_port}")
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield stub
        server.shutdown()
