"""The attempts of a call: each has a deadline, and an answer only if AWS sent a usable one.

botocore retries an attempt without an answer, so whatever is no answer of AWS is turned into an
exception here: a redirect, a page of a proxy, bytes that do not have DynamoDB's checksum.
"""

import json
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from zlib import crc32

from botocore.parsers import (
    JSONParser,
    ResponseParser,
    ResponseParserError,
    ResponseParserFactory,
)

from common.aws import deadline
from common.aws.outcomes import (
    CONDITION_FAILED,
    DEAD_CREDENTIALS,
    REJECTIONS,
    AttemptFailed,
    known_code,
)

if TYPE_CHECKING:
    from botocore.awsrequest import AWSPreparedRequest, AWSResponse

_CHECKSUM = "x-amz-crc32"
_FINAL = {CONDITION_FAILED, *DEAD_CREDENTIALS, *REJECTIONS}
"""The error codes that another attempt would only repeat."""


class Attempts:
    """Sends requests in place of a client's HTTP session.

    Args:
        session: The HTTP session.
        service: The service.
        seconds: The longest time for an attempt, from the resolver to the last byte of the answer.
    """

    def __init__(self, session: Any, service: str, seconds: float) -> None:
        self._session = session
        self._seconds = seconds
        self._check = _CHECKS[service]
        pool = session._manager.connection_pool_kw
        pool["ssl_context"].sslsocket_class = deadline.TlsSocket

    def send(self, request: "AWSPreparedRequest") -> "AWSResponse":
        """Send a request, and return the answer.

        Raises:
            HTTPClientError: There is no answer in time, or it is not AWS's.
        """
        deadline.begin(self._seconds)
        try:
            answer: AWSResponse = self._session.send(request)
        finally:
            deadline.end()
        self._check(answer)
        return answer

    def close(self) -> None:
        """Close all connections."""
        self._session.close()


def _check_json(answer: "AWSResponse") -> None:
    if answer.status_code == HTTPStatus.OK:
        return
    code = _error_code(answer.content)
    is_client_error = HTTPStatus.BAD_REQUEST <= answer.status_code < 500
    if not is_client_error or code not in _FINAL:
        raise AttemptFailed(code or f"status {answer.status_code}")


def _check_dynamodb(answer: "AWSResponse") -> None:
    stated = answer.headers.get(_CHECKSUM)
    if stated is not None and stated != str(crc32(answer.content)):
        raise AttemptFailed("wrong checksum")
    if answer.status_code != HTTPStatus.OK:
        _check_json(answer)
        if _error_code(answer.content) != CONDITION_FAILED:
            return
    if stated is None:
        raise AttemptFailed("no checksum")


def _check_s3(answer: "AWSResponse") -> None:
    status = answer.status_code
    if status < HTTPStatus.BAD_REQUEST and not (
        status == HTTPStatus.OK and "ETag" in answer.headers
    ):
        raise AttemptFailed(f"status {status}")


_CHECKS = {"dynamodb": _check_dynamodb, "s3": _check_s3, "ssm": _check_json}


def _error_code(content: bytes) -> str | None:
    try:
        body = json.loads(content)
    except (ValueError, RecursionError):
        return None
    name = body.get("__type") if isinstance(body, dict) else None
    if not isinstance(name, str):
        return None
    # The same parts of the name as in botocore.parsers.
    return known_code(name.partition(":")[0].rpartition("#")[2])


class _StrictParser(JSONParser):
    """Refuses an answer that is no JSON object; botocore takes it for an empty one."""

    def parse(self, response: Any, shape: Any) -> Any:
        try:
            return super().parse(response, shape)
        except Exception as error:  # noqa: BLE001 - no type of a value in it is certain
            raise ResponseParserError(type(error).__name__) from None

    def _parse_body_as_json(self, body_contents: bytes) -> dict[str, Any]:
        body = json.loads(body_contents)
        if not isinstance(body, dict):
            raise ResponseParserError("no object")
        return body


class StrictParsers(ResponseParserFactory):
    """Creates a client's parsers."""

    def create_parser(self, protocol_name: str) -> ResponseParser:
        """Return a parser for an answer."""
        return _StrictParser() if protocol_name == "json" else super().create_parser(protocol_name)
