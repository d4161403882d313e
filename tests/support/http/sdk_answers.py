"""Answers of AWS to the layer's clients, for botocore to parse."""

import io
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from botocore.awsrequest import AWSResponse
from urllib3 import HTTPHeaderDict

from common.aws.clients import Service, client


class _Raw(io.BytesIO):
    """The part of urllib3's response that botocore reads."""

    def stream(self) -> Iterator[bytes]:
        yield self.read()


@contextmanager
def answers(
    service: Service, status: int, body: bytes = b"", headers: Mapping[str, str] | None = None
) -> Iterator[None]:
    """Let a service answer each request with the same response, until the context ends."""

    def answer(request: Any, **_: object) -> AWSResponse:
        parsed: Any = HTTPHeaderDict(headers)
        return AWSResponse(request.url, status, parsed, _Raw(body))

    created: Any = client(service)
    events = created.meta.events
    events.register_first(f"before-send.{service}", answer)
    try:
        yield
    finally:
        events.unregister(f"before-send.{service}", answer)
