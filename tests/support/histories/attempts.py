"""Attempts: the requests that the clients of AWS send, a call's first one and its retries."""

import io
from collections.abc import Mapping
from dataclasses import dataclass

from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.compat import HTTPHeaders
from urllib3 import HTTPResponse as Urllib3Response


@dataclass(frozen=True)
class Attempt:
    """A request that a client of AWS sends."""

    url: str
    target: str
    """The service and its operation: the header X-Amz-Target. S3 has none."""
    body: bytes

    @property
    def is_to_dynamodb(self) -> bool:
        """True if DynamoDB is to carry it out."""
        return self.target.startswith("DynamoDB")

    @property
    def is_write(self) -> bool:
        """True if the attempt changes an item."""
        return self.is_to_dynamodb and not self.target.endswith(".GetItem")


@dataclass(frozen=True)
class AwsAnswer:
    """The answer to an attempt."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def attempt_of(request: AWSPreparedRequest) -> Attempt:
    """Return the attempt that a request of botocore is."""
    target = request.headers.get("X-Amz-Target", b"")
    body = request.body if isinstance(request.body, bytes) else b""
    return Attempt(request.url, target if isinstance(target, str) else target.decode(), body)


def response_of(answer: AwsAnswer, url: str) -> AWSResponse:
    """Return the response that botocore's HTTP client would return."""
    raw = Urllib3Response(
        io.BytesIO(answer.body),
        status=answer.status,
        headers=dict(answer.headers),
        preload_content=False,
    )
    return AWSResponse(url, answer.status, HTTPHeaders.from_dict(dict(answer.headers)), raw)
