"""Request ids that a caller chooses with the header ``x-amzn-RequestId``."""

from typing import Any

USABLE = (
    *("/", "a/b", "../../logs/a", "date=2026-01-31/hour=09/a", "a.jsonl.gz", "%2F", "a b", "*"),
    *('"', 'a"b', "\\", "a\\nb", "'", "{}", "[red]a[/]", "$context.requestId", "a" * 3_000),
)
"""Ids that a header can hold unchanged."""

UNUSABLE: tuple[Any, ...] = (
    *("", " ", " a", "a\t", "a\nb", "a\r\nSet-Cookie: b=c", "\0", "\x7f", "ä", "💥", "\ud800"),
    *(None, True, 7, 1.5, [], ["a"], {}, {"a": "b"}),
)
"""Values that no header can hold unchanged."""


def shortened(request_id: object) -> str:
    """Return an id for the name of its test."""
    return ascii(request_id)[:30]
