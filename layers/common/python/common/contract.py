"""What callers of the API rely on, whoever answers them: API Gateway or a function."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

JSON = "application/json"
MERGE_PATCH = "application/merge-patch+json"
"""The media type of RFC 7396 patches."""
PROBLEM = "application/problem+json"
"""The media type of RFC 9457 problem documents."""

REQUEST_HEADERS = ("Authorization", "Content-Type", "X-Api-Key", "If-Match", "Idempotency-Key")
"""The headers that a browser may send."""

RESPONSE_HEADERS = ("ETag", "Location", "Retry-After", "Idempotency-Replayed", "X-Request-Id")
"""The headers that a script in a browser may read."""

MAX_BODY_BYTES = 32 * 1024
MAX_DEPTH = 64
"""Levels of objects and arrays in a body; far below what Python recurses through."""
IDEMPOTENCY_KEY = "[!-~]{1,255}"
"""Visible ASCII, as a regular expression that Python and ECMA 262 understand alike."""
MAX_ENTITY_TAGS = 16
"""How many ETags one If-Match may name."""
PAGE_SIZE = 20
"""Jobs on a page, unless the configuration or the caller says otherwise."""
MAX_PAGE_SIZE = 100
"""The most jobs on a page, unless the configuration says otherwise."""
RETRY_AFTER = 2
"""Seconds after which a caller that got 503 may try again."""


def problem_document(
    status: HTTPStatus, detail: str, *, instance: str, request_id: str
) -> Mapping[str, Any]:
    """A problem document (RFC 9457).

    Args:
        status: The HTTP status; the title is its phrase.
        detail: A sentence that tells the caller what to do differently.
        instance: The path that was asked for.
        request_id: API Gateway's id of the request.
    """
    return {
        "type": "about:blank",
        "title": status.phrase,
        "status": status.value,
        "detail": detail,
        "instance": instance,
        "request_id": request_id,
    }
