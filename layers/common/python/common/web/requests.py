"""Requests: the event of API Gateway, validated as far as a route asks.

https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html
"""

import json
import re
from base64 import b64decode
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from common import validation
from common.contract import (
    IDEMPOTENCY_KEY,
    JSON,
    MAX_BODY_BYTES,
    MAX_DEPTH,
    MAX_ENTITY_TAGS,
    MERGE_PATCH,
    parse_json,
)
from common.ids import is_id
from common.web import problems
from common.web.callers import caller_identity
from common.web.entity_tags import Tags, parse_tags
from common.web.problems import Problem
from common.web.untrusted import as_header, as_mapping, as_text

if TYPE_CHECKING:
    from common.aws.lambda_context import LambdaContext

_IDEMPOTENCY_KEY = re.compile(IDEMPOTENCY_KEY)


class Request:
    """A request, as API Gateway's Lambda proxy integration delivers it."""

    def __init__(self, event: Mapping[str, Any], context: "LambdaContext") -> None:
        event = as_mapping(event)
        gateway = as_mapping(event.get("requestContext"))

        self.id = as_header(gateway.get("requestId")) or context.aws_request_id
        """API Gateway's request id, the same in every log and answer. A caller may choose it with
        the header ``x-amzn-RequestId``, as long as it likes:
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

        self._path = as_text(gateway.get("path")) or as_text(event.get("path"))

        self.path_parameters = _texts(event.get("pathParameters"))
        """The values of the path template's parameters."""

        self.query = _texts(event.get("queryStringParameters"))
        """The last value of each query parameter."""

        self.now = datetime.now(UTC)
        """The time at which the request began."""

        self._headers = _header_lines(event)
        self._body = event.get("body")
        self._is_base64 = event.get("isBase64Encoded") is True

    def header(self, name: str) -> str | None:
        """Return the value of a header, whose name may have any case; None if it is missing.

        The values of repeated lines are one list (RFC 9110, 5.3).
        """
        lines = self._headers.get(name.lower())
        return None if lines is None else as_text(", ".join(lines))

    def repeats(self, name: str) -> bool:
        """Return whether a header has several lines."""
        return len(self._headers.get(name.lower(), ())) > 1

    @property
    def path(self) -> str:
        """The path of the request, including the API's stage, as a URI reference."""
        return _uri_path(self._path)

    @property
    def ids(self) -> dict[str, str]:
        """The path parameters that have the form of an id, for the log and the trace."""
        return {name: value for name, value in self.path_parameters.items() if is_id(value)}

    @property
    def idempotency_key(self) -> str | None:
        """The Idempotency-Key header; None if it is missing.

        Raises:
            Problem: 400 unless it is 1 to 255 visible ASCII characters, in one line.
        """
        key = self._single("Idempotency-Key")
        if key is not None and not _IDEMPOTENCY_KEY.fullmatch(key):
            raise Problem(problems.BAD_IDEMPOTENCY_KEY)
        return key

    @property
    def if_match(self) -> Tags | None:
        """The value of the If-Match header (RFC 9110, 13.1.1); None if it is missing.

        Raises:
            Problem: 400 unless it is ``*`` or a list of at most MAX_ENTITY_TAGS entity tags.
        """
        return self._tags("If-Match")

    @property
    def if_none_match(self) -> Tags | None:
        """The value of the If-None-Match header (RFC 9110, 13.1.2); None if it is missing.

        Raises:
            Problem: 400 unless it is ``*`` or a list of at most MAX_ENTITY_TAGS entity tags.
        """
        return self._tags("If-None-Match")

    def _tags(self, name: str) -> Tags | None:
        header = self.header(name)
        if header is None:
            return None
        try:
            return parse_tags(header, MAX_ENTITY_TAGS)
        except ValueError as error:
            raise Problem(problems.BAD_ENTITY_TAGS, header=name, maximum=MAX_ENTITY_TAGS) from error

    def _single(self, name: str) -> str | None:
        """Return the value of a header that is no list (RFC 9110, 5.5).

        Raises:
            Problem: 400 if the header is repeated.
        """
        if self.repeats(name):
            raise Problem(problems.REPEATED_HEADER, header=name)
        return self.header(name)

    def json(self, validator: str, media_type: str = JSON) -> dict[str, Any]:
        """Return the body, valid under a schema.

        Args:
            validator: The module that was generated from the schema.
            media_type: The media type that the body must have.

        Raises:
            Problem: 400 if it is malformed, invalid or a part of a body, or Content-Type is
                repeated; 413 if it is too large; 415 if it is encoded or has another media type.
        """
        if self.header("Content-Range") is not None:
            # RFC 9110, 14.5
            raise Problem(problems.PART_OF_A_BODY)
        if not self._is_plain():
            # RFC 9110, 15.5.16
            raise Problem(problems.ENCODED_BODY, headers={"Accept-Encoding": "identity"})
        sent = (self._single("Content-Type") or JSON).split(";")[0].strip().lower()
        if sent != media_type:
            # RFC 5789, 3.1
            accepted = {"Accept-Patch": media_type} if media_type == MERGE_PATCH else {}
            raise Problem(problems.WRONG_MEDIA_TYPE, headers=accepted, media_type=media_type)
        value = _parse(self._text_body())
        errors = validation.errors(validator, value)
        if errors:
            raise Problem(problems.INVALID_BODY, tuple(errors))
        valid: dict[str, Any] = value
        return valid

    def _is_plain(self) -> bool:
        codings = (self.header("Content-Encoding") or "").lower().split(",")
        return {coding.strip(" \t") for coding in codings} <= {"", "identity"}

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
        if "\\u" in body:
            # JSON can spell half a surrogate pair; UTF-8, and so DynamoDB, cannot.
            json.dumps(value, ensure_ascii=False, default=str).encode()
    except (ValueError, RecursionError) as error:
        raise Problem(problems.NOT_JSON) from error
    if _nests_deeper(value, MAX_DEPTH):
        raise Problem(problems.TOO_DEEP, maximum=MAX_DEPTH)
    return value


_STRAY_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")


def _uri_path(path: str) -> str:
    """Return a path with only the characters that a URI may hold (RFC 3986, 3.3).

    API Gateway delivers the path as the caller has sent it, percent-encoded.
    """
    encoded = quote(_STRAY_PERCENT.sub("%25", path), safe="%/:@!$&'()*+,;=")
    # Two slashes would begin a host, and a colon before the first one would end a scheme.
    return f"/{encoded.lstrip('/')}" if encoded else ""


def _nests_deeper(value: Any, levels: int) -> bool:
    if not isinstance(value, dict | list):
        return False
    inner = value.values() if isinstance(value, dict) else value
    return levels == 0 or any(_nests_deeper(each, levels - 1) for each in inner)


def _texts(value: object) -> dict[str, str]:
    pairs = as_mapping(value).items()
    return {as_text(name): as_text(each) for name, each in pairs if isinstance(each, str)}


def _header_lines(event: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return the lines of each header, by its name in lower case."""
    # A test event of Lambda's console may have only the last line of each header.
    lines = as_mapping(event.get("multiValueHeaders")) or {
        name: [line] for name, line in as_mapping(event.get("headers")).items()
    }
    every: dict[str, list[str]] = {}
    for name, values in lines.items():
        if isinstance(values, list) and (texts := [each for each in values if type(each) is str]):
            every.setdefault(name.lower(), []).extend(texts)
    return every
