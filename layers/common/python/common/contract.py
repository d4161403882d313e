"""The API's contract with its callers: media types, headers and limits.

API Gateway and the functions both keep it.
"""

import json

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
"""Levels of objects and arrays in a body; far below Python's recursion limit."""
IDEMPOTENCY_KEY = "[!-~]{1,255}"
"""Visible ASCII, as a regular expression that means the same in Python and ECMA 262."""
MAX_ENTITY_TAGS = 16
"""The most ETags in one If-Match header."""
PAGE_SIZE = 20
"""Items on a page, unless the configuration or the caller sets another size."""
MAX_PAGE_SIZE = 100
"""The most items on a page, unless the configuration sets another maximum."""
RETRY_AFTER = 2
"""Seconds after which a caller that got 503 may try again."""


def compact_json(value: object) -> str:
    """Return ``value`` as JSON without spaces."""
    return json.dumps(value, separators=(",", ":"))
