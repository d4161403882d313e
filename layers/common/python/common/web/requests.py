"""Requests: what a caller has sent, checked when a route asks for it."""

import json
import math
import re
from base64 import b64decode
from collections.abc import Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, NoReturn

from common import schemas
from common.contract import (
    IDEMPOTENCY_KEY,
    JSON,
    MAX_BODY_BYTES,
    MAX_DEPTH,
    MAX_ENTITY_TAGS,
)
from common.jobs import model
from common.web import callers
from common.web.problems import Problem
from common.web.untrusted import mapping, text

if TYPE_CHECKING:
    from common.logs.lambda_extension import LambdaContext

_ENTITY_TAG = r'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"'
_ENTITY_TAGS = re.compile(rf"{_ENTITY_TAG}(?:[ \t]*,[ \t]*{_ENTITY_TAG})*")
_IDEMPOTENCY_KEY = re.compile(IDEMPOTENCY_KEY)
_NO_VERSION = 0


class Request:
    """A request as API Gateway's Lambda proxy integration delivers it.

    Attributes:
        id: API Gateway's request id, the same in every log and answer. A caller may choose it,
            with the header ``x-amzn-RequestId``:
            https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-variables-for-access-logging.html
        invocation_id: Lambda's id of this invocation, which no other one has.
        caller: Who calls, as far as API Gateway knows: see :func:`common.web.callers.identity`.
        api_key_id: The id of the API key that the caller used; empty for none.
        route: The method and the resource's path, such as ``GET /jobs/{job_id}``.
        path: The path that was asked for, the API's stage included.
        query: The last value of each query parameter.
        now: When the request began.
    """

    def __init__(self, event: Mapping[str, Any], context: "LambdaContext") -> None:
        event = mapping(event)
        gateway = mapping(event.get("requestContext"))
        self.id = text(gateway.get("requestId")) or context.aws_request_id
        self.invocation_id = context.aws_request_id
        self.caller = callers.identity(gateway)
        self.api_key_id = text(mapping(gateway.get("identity")).get("apiKeyId"))
        self.route = f"{text(event.get('httpMethod'))} {text(event.get('resource'))}"
        self.path = text(gateway.get("path")) or text(event.get("path"))
        self.query = _texts(event.get("queryStringParameters"))
        self.now = datetime.now(UTC)
        self._path_parameters = _texts(event.get("pathParameters"))
        headers = _texts(event.get("headers"))
        self._headers = {name.lower(): value for name, value in headers.items()}
        self._body = event.get("body")
        self._is_base64 = event.get("isBase64Encoded") is True

    def header(self, name: str) -> str | None:
        """The value of a header, whatever the case of its name."""
        return self._headers.get(name.lower())

    @property
    def job_id(self) -> str:
        """The job id in the path.

        Raises:
            job.NotFound: It cannot be a job's id.
        """
        if self.job_id_or_none is None:
            raise model.NotFound
        return self.job_id_or_none

    @property
    def job_id_or_none(self) -> str | None:
        """The job id in the path, if there is one that can be a job's."""
        job_id = self._path_parameters.get("job_id", "")
        return job_id if model.is_id(job_id) else None

    @property
    def idempotency_key(self) -> str | None:
        """The Idempotency-Key header, if there is one.

        Raises:
            Problem: 400, if it is not 1 to 255 visible ASCII characters.
        """
        key = self.header("Idempotency-Key")
        if key is not None and not _IDEMPOTENCY_KEY.fullmatch(key):
            raise Problem(
                HTTPStatus.BAD_REQUEST,
                "Idempotency-Key must be 1 to 255 visible ASCII characters.",
            )
        return key

    @property
    def versions(self) -> frozenset[int] | None:
        """The versions that the If-Match header allows (RFC 9110, 13.1.1); None for any.

        Raises:
            Problem: 400, if the header is not a list of at most MAX_ENTITY_TAGS entity tags.
        """
        header = self.header("If-Match")
        if header is None or header.strip() == "*":
            return None
        # A tag may hold a comma.
        tags = re.findall(_ENTITY_TAG, header)
        if len(tags) > MAX_ENTITY_TAGS or not _ENTITY_TAGS.fullmatch(header.strip()):
            raise Problem(
                HTTPStatus.BAD_REQUEST,
                f'If-Match must be "*" or a list of at most {MAX_ENTITY_TAGS} ETags.',
            )
        # If-Match compares strongly, so a weak tag matches nothing; neither does a foreign one.
        return frozenset(
            int(tag[1:-1]) if re.fullmatch(r'"[1-9][0-9]{0,17}"', tag) else _NO_VERSION
            for tag in tags
        )

    def json(self, schema: str, media_type: str = JSON) -> dict[str, Any]:
        """The body, valid under a schema.

        Args:
            schema: The name of a JSON Schema in the layer's schemas folder.
            media_type: The media type that the body must have.

        Raises:
            Problem: 400 malformed or invalid, 413 too large, 415 of another media type.
        """
        sent = (self.header("Content-Type") or JSON).split(";")[0].strip().lower()
        if sent != media_type:
            raise Problem(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"Content-Type must be {media_type}.")
        value = _parse(self._text_body())
        errors = schemas.errors(schema, value)
        if errors:
            raise Problem(
                HTTPStatus.BAD_REQUEST, "The body does not have the form it must.", tuple(errors)
            )
        valid: dict[str, Any] = value
        return valid

    def _text_body(self) -> str:
        raw = self._body if isinstance(self._body, str) else ""
        try:
            body = b64decode(raw, validate=True) if self._is_base64 else raw.encode()
            if len(body) > MAX_BODY_BYTES:
                raise Problem(
                    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                    f"The body must be at most {MAX_BODY_BYTES} bytes.",
                )
            return body.decode()
        except ValueError as error:
            raise Problem(HTTPStatus.BAD_REQUEST, "The body is not UTF-8 text.") from error


def _parse(body: str) -> Any:
    try:
        value = json.loads(body, parse_constant=_no_constant, parse_float=_finite)
        # JSON can spell half a surrogate pair; UTF-8, and so DynamoDB, cannot.
        json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        raise Problem(HTTPStatus.BAD_REQUEST, "The body is not JSON.") from error
    if _nests_deeper(value, MAX_DEPTH):
        raise Problem(
            HTTPStatus.BAD_REQUEST, f"The body must not be nested deeper than {MAX_DEPTH} levels."
        )
    return value


def _nests_deeper(value: Any, levels: int) -> bool:
    if not isinstance(value, dict | list):
        return False
    inner = value.values() if isinstance(value, dict) else value
    return levels == 0 or any(_nests_deeper(each, levels - 1) for each in inner)


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError(f"{digits} is too large")
    return number


def _texts(value: object) -> dict[str, str]:
    pairs = mapping(value).items()
    return {text(name): text(each) for name, each in pairs if isinstance(each, str)}
