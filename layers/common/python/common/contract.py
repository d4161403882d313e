"""The API's contract with its callers: media types, headers and limits.

API Gateway and the functions both keep it.
"""

import json
from collections.abc import Mapping
from math import isfinite
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from common.written_number import WrittenNumber

JSON = "application/json"
MERGE_PATCH = "application/merge-patch+json"
"""The media type of RFC 7396 patches."""
PROBLEM = "application/problem+json"
"""The media type of RFC 9457 problem documents."""

REQUEST_HEADERS = (
    *("Authorization", "Content-Type", "X-Api-Key"),
    *("If-Match", "If-None-Match", "Idempotency-Key"),
)
"""The headers that a browser may send."""

RESPONSE_HEADERS = (
    *("ETag", "Location", "Retry-After", "Idempotency-Replayed", "X-Request-Id"),
    *("Accept-Patch", "Accept-Encoding"),
)
"""The headers that a script in a browser may read."""

MAX_BODY_BYTES = 32 * 1024
MAX_DEPTH = 64
"""Levels of objects and arrays in a body; far below Python's recursion limit."""
IDEMPOTENCY_KEY = "[!-~]{1,255}"
"""Visible ASCII, as a regular expression that means the same in Python and ECMA 262."""
ENTITY_TAG = r'(W/)?"[^\x00-\x20"\x7f]*"'
"""An ETag in a request (RFC 9110, 8.8.3), as a regular expression in the same sense."""
MAX_ENTITY_TAGS = 16
"""The most ETags in an If-Match or If-None-Match header."""
PAGE_SIZE = 20
"""Items on a page, unless the configuration or the caller sets another size."""
MAX_PAGE_SIZE = 100
"""The most items on a page, unless the configuration sets another maximum."""
RETRY_AFTER = 2
"""Seconds after which a caller that got 503 may try again."""


def parse_json(text: str) -> Any:
    """Parse JSON; a number that is more than an integer's digits keeps its text.

    Raises:
        ValueError: The text is not JSON, or holds a number that an IEEE 754 double cannot reach, an
            exponent of more than 18 digits, or an integer of more than 4300. RFC 8259, 6, names
            these numbers as unfit for interchange.
    """
    return json.loads(text, parse_float=_written, parse_int=_integer, parse_constant=_written)


def compact_json(value: object) -> str:
    """Return ``value`` as JSON without spaces; a number keeps its text, a Decimal its digits.

    The text holds characters, not escapes of them, unless JSON or UTF-8 needs the escape.
    """
    try:
        text = _ENCODER.encode(value)
    except TypeError:
        # json cannot write a Decimal as a number. Few bodies have one.
        text = _exact_json(value)
    return text if _is_utf8(text) else _with_escapes(text)


_ENCODER = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False)


def _integer(digits: str) -> "int | WrittenNumber":
    # An int has no sign at zero.
    return _written(digits) if digits == "-0" else int(digits)


def _written(digits: str) -> "WrittenNumber":
    # Few bodies have fractions; the others do not pay for the import.
    from common.written_number import WrittenNumber

    try:
        if isfinite(float(digits)):
            return WrittenNumber(digits)
    except ArithmeticError:
        # Python's decimals have no such exponent.
        pass
    raise ValueError(f"{digits} is no number that JSON can carry between systems")


def _exact_json(value: object) -> str:
    from decimal import Decimal

    match value:
        case Decimal():
            return str(value)
        case Mapping():
            pairs = (f"{_ENCODER.encode(name)}:{_exact_json(each)}" for name, each in value.items())
            return f"{{{','.join(pairs)}}}"
        case list():
            return f"[{','.join(map(_exact_json, value))}]"
    return _ENCODER.encode(value)


def _is_utf8(text: str) -> bool:
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _with_escapes(text: str) -> str:
    # JSON can spell half a surrogate pair, which items of an older version may hold.
    return "".join(f"\\u{ord(each):04x}" if "\ud800" <= each <= "\udfff" else each for each in text)
