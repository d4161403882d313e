"""Requests: the event of API Gateway, validated as far as a route asks.

https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html
"""

import json
import re
from base64 import b64decode
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from common import validation
from common.contract import (
    IDEMPOTENCY_KEY,
    JSON,
    MAX_BODY_BYTES,
    MAX_DEPTH,
    MAX_ENTITY_TAGS,
    parse_json,
)
from common.ids import is_id
from common.web import problems
from common.web.callers import caller_identity
from common.web.problems import Problem
from common.web.untrusted import as_mapping, as_text

if TYPE_CHECKING:
    from common.aws.lambda_context import LambdaContext

_ENTITY_TAG = r'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"'
_ENTITY_TAGS = re.compile(rf"{_ENTITY_TAG}(?:[ \t]*,[ \t]*{_ENTITY_TAG})*")
_IDEMPOTENCY_KEY = re.compile(IDEMPOTENCY_KEY)
_NO_VERSION = 0


class Request:
    """A request, as API Gateway's Lambda proxy integration delivers it."""

    def __init__(self, event: Mapping[str, Any], context: "LambdaContext") -> None:
        event = as_mapping(event)
        gateway = as_mapping(event.get("requestContext"))

        self.id = as_text(gateway.get("requestId")) or context.aws_request_id
        """API Gateway's request id, the same in every log and answer. A caller may choose it with
        the header ``x-amzn-RequestId``:
        https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-variables-for-access-logging.html
        """

        self.invocation_id = context.aws_request_id
        """Lambda's id of this invocation, which no other invocation has."""

        self.caller = caller_identity(gateway)
        """The caller's identity."""

        self.api_key_id = as_text(as_mapping(gateway.get("identity")).get("apiKeyId"))
        """The id of the caller's API key; empty without a key."""

        self.route = f"{as_text(event.get('httpMethod'))} {as_text(event.get('resource'))}"
        """The method and the resource's path template, such as ``GET /items/{item_id}``."""

        self.path = as_text(gateway.get("path")) or as_text(event.get("path"))
        """The path of the request, including the API's stage."""

        self.path_parameters = _texts(event.get("pathParameters"))
        """The values of the path template's parameters."""

        self.query = _texts(event.get("queryStringParameters"))
        """The last value of each query parameter."""

        self.now = datetime.now(UTC)
        """The time at which the request began."""

        headers = _texts(event.get("headers"))
        self._headers = {name.lower(): value for name, value in headers.items()}
        self._body = event.get("body")
        self._is_base64 = event.get("isBase64Encoded") is True

    def header(self, name: str) -> str | None:
        """Return the value of a header, whose name may have any case."""
        return self._headers.get(name.lower())

    @property
    def ids(self) -> dict[str, str]:
        """The path parameters that have the form of an id, for the log and the trace."""
        return {name: value for name, value in self.path_parameters.items() if is_id(value)}

    @property
    def idempotency_key(self) -> str | None:
        """The Idempotency-Key header; None if it is missing.

        Raises:
            Problem: 400 unless it is 1 to 255 visible ASCII characters.
        """
        key = self.header("Idempotency-Key")
        if key is not None and not _IDEMPOTENCY_KEY.fullmatch(key):
            raise Problem(problems.BAD_IDEMPOTENCY_KEY)
        return key

    @property
    def versions(self) -> frozenset[int] | None:
        """The versions that the If-Match header allows (RFC 9110, 13.1.1); None for all.

        Raises:
            Problem: 400 unless the header is a list of at most MAX_ENTITY_TAGS entity tags.
        """
        header = self.header("If-Match")
        if header is None or header.strip() == "*":
            return None
        # A tag may hold a comma.
        tags = re.findall(_ENTITY_TAG, header)
        if len(tags) > MAX_ENTITY_TAGS or not _ENTITY_TAGS.fullmatch(header.strip()):
            raise Problem(problems.BAD_IF_MATCH, maximum=MAX_ENTITY_TAGS)
        # If-Match compares strongly: a weak tag matches nothing, nor does a tag that is not ours.
        return frozenset(
            int(tag[1:-1]) if re.fullmatch(r'"[1-9][0-9]{0,17}"', tag) else _NO_VERSION
            for tag in tags
        )

    def json(self, validator: str, media_type: str = JSON) -> dict[str, Any]:
        """Return the body, valid under a schema.

        Args:
            validator: The module that was generated from the schema.
            media_type: The media type that the body must have.

        Raises:
            Problem: 400 if it is malformed or invalid, 413 if it is too large, 415 if it has
                another media type.
        """
        sent = (self.header("Content-Type") or JSON).split(";")[0].strip().lower()
        if sent != media_type:
            raise Problem(problems.WRONG_MEDIA_TYPE, media_type=media_type)
        value = _parse(self._text_body())
        errors = validation.errors(validator, value)
        if errors:
            raise Problem(problems.INVALID_BODY, tuple(errors))
        valid: dict[str, Any] = value
        return valid

    def _text_body(self) -> str:
        raw = self._body if isinstance(self._body, str) else ""
        try:
            body = b64decode(raw, validate=True) if self._is_base64 else raw.encode()
            if len(body) > MAX_BODY_BYTES:
                raise Problem(problems.TOO_LARGE, maximum=MAX_BODY_BYTES)
            return body.decode()
        except ValueError as error:
            raise Problem(problems.NOT_UTF8) from error


def _parse(body: str) -> Any:
    try:
        value = parse_json(body)
        # JSON can spell half a surrogate pair; UTF-8, and so DynamoDB, cannot.
        json.dumps(value, ensure_ascii=False, default=str).encode()
    except (ValueError, RecursionError) as error:
        raise Problem(problems.NOT_JSON) from error
    if _nests_deeper(value, MAX_DEPTH):
        raise Problem(problems.TOO_DEEP, maximum=MAX_DEPTH)
    return value


def _nests_deeper(value: Any, levels: int) -> bool:
    if not isinstance(value, dict | list):
        return False
    inner = value.values() if isinstance(value, dict) else value
    return levels == 0 or any(_nests_deeper(each, levels - 1) for each in inner)


def _texts(value: object) -> dict[str, str]:
    pairs = as_mapping(value).items()
    return {as_text(name): as_text(each) for name, each in pairs if isinstance(each, str)}
