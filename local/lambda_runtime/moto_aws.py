"""AWS for the functions of these tests: moto's, behind an S3 that can be slow or broken."""

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

Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


@dataclass
class MotoAws:
    """One address of AWS; what is behind it is shared by all of them.

    Attributes:
        bucket: The archive of those who use this address.
        delay: Seconds that S3 takes for an upload.
        fault: Whether S3 refuses uploads, or takes them and loses its answer.
        uploads: When each upload began, by the monotonic clock.
    """

    backend: Wsgi
    bucket: str = field(default_factory=lambda: f"archive-{uuid.uuid4()}")
    url: str = ""
    delay: float = 0.0
    fault: Literal["refuses", "loses its answers"] | None = None
    uploads: list[float] = field(default_factory=list)

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

    def archived(self, function: str) -> list[dict[str, Any]]:
        """The lines in S3, in the order of the objects that they are in."""
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
        make: Any = boto3.client
        return make(
            service,
            endpoint_url=self.url,
            region_name="us-east-1",
            aws_access_key_id="testing",
            aws_secret_access_key="testing",
        )


def _slow_down(start_response: Callable[..., Any]) -> list[bytes]:
    start_response("503 Slow Down", [("Content-Type", "application/xml")])
    return [b"<Error><Code>SlowDown</Code><Message>Reduce your request rate.</Message></Error>"]


class _Quiet(WSGIRequestHandler):
    def log(self, *_: object) -> None:
        """Say nothing of each request, nor of an answer that is lost on purpose."""


@contextmanager
def serve_aws() -> Iterator[MotoAws]:
    """An address of AWS, with an empty archive."""
    aws = MotoAws(DomainDispatcherApplication(create_backend_app))
    server = make_server("127.0.0.1", 0, aws, threaded=True, request_handler=_Quiet)
    aws.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    aws.client("s3").create_bucket(Bucket=aws.bucket)
    aws.uploads.clear()
    try:
        yield aws
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
