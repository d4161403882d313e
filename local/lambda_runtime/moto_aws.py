"""Serve AWS by moto, with an S3 that can be slow or broken."""

import gzip
import json
import threading
import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

import boto3
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, make_server

from infra.spec.service import REGION
from local.lambda_runtime import buckets

Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


@dataclass
class MotoAws:
    """A server of AWS. All servers of a process share their resources."""

    backend: Wsgi
    """The server of moto."""
    bucket: str = field(default_factory=lambda: f"archive-{uuid.uuid4()}")
    """The name of this server's log archive."""
    url: str = ""
    delay: float = 0.0
    """The duration of an upload to S3, in seconds."""
    fault: Literal["refuses", "loses its answers"] | None = None
    """The fault of S3: it refuses uploads, or accepts them and drops its answers."""
    uploads: list[float] = field(default_factory=list)
    """The start of each upload, by the monotonic clock."""

    def __call__(
        self, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] != "PUT":
            return self.backend(environ, start_response)
        self.uploads.append(time.monotonic())
        time.sleep(self.delay)
        if self.fault == "refuses":
            return _slow_down(start_response)
        answer = self.backend(environ, start_response)
        if self.fault == "loses its answers":
            b"".join(answer)
            raise ConnectionResetError
        return answer

    def archived_lines(self, function: str) -> list[dict[str, Any]]:
        """Return the log lines of a function in S3, in the order of their objects."""
        s3 = self.client("s3")
        pages = s3.get_paginator("list_objects_v2").paginate(
            Bucket=self.bucket, Prefix=f"logs/function={function}/"
        )
        bodies = [
            s3.get_object(Bucket=self.bucket, Key=entry["Key"])["Body"].read()
            for page in pages
            for entry in page.get("Contents", [])
        ]
        return [json.loads(line) for body in bodies for line in gzip.decompress(body).splitlines()]

    def client(self, service: str) -> Any:
        """Create a boto3 client for this server."""
        create_client: Any = boto3.client
        return create_client(
            service,
            endpoint_url=self.url,
            region_name=REGION,
            aws_access_key_id="testing",
            aws_secret_access_key="testing",
        )


def _slow_down(start_response: Callable[..., Any]) -> list[bytes]:
    start_response("503 Slow Down", [("Content-Type", "application/xml")])
    return [b"<Error><Code>SlowDown</Code><Message>Reduce your request rate.</Message></Error>"]


class _QuietHandler(WSGIRequestHandler):
    def log(self, *_: object) -> None:
        """Log neither requests nor the answers that are dropped intentionally."""


@contextmanager
def serve_aws() -> Iterator[MotoAws]:
    """Run a server of AWS, with an empty archive, for as long as the context lasts."""
    aws = MotoAws(DomainDispatcherApplication(create_backend_app))
    server = make_server("127.0.0.1", 0, aws, threaded=True, request_handler=_QuietHandler)
    aws.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    buckets.create_bucket(aws.client("s3"), aws.bucket)
    aws.uploads.clear()
    try:
        yield aws
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
