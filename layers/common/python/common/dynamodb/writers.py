"""The writers that an item remembers, so that a write recognises itself.

Each create, update and deletion puts its mark in front of the item's list ``writers``. When the
answer to a call is lost and botocore sends the call again, or when a delayed first attempt arrives
after its retry, the condition ``NOT_WRITTEN_YET`` refuses it, and the list shows that the write was
applied.
"""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from common.dynamodb.tables import WRITERS

REMEMBERED = 32
"""The writers that an item remembers.

A retry follows its first attempt within seconds. It is not recognised if as many other requests
write to the same item in between.
"""

_SIZE = 6
"""Bytes of a mark. The item pays for each; 48 bits do not collide by chance within 32 writers."""

_BLANK = b""

NOT_WRITTEN_YET = f"NOT contains({WRITERS}, :writer)"
"""The condition that the writer has not written to the item."""

# The version before remembered fewer writers: DynamoDB appends elements beyond the end, in order.
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.UpdateExpressions.html
ADD_WRITER = ", ".join(
    [
        f"{WRITERS}[0] = :writer",
        *(
            f"{WRITERS}[{n}] = if_not_exists({WRITERS}[{n - 1}], :blank)"
            for n in range(1, REMEMBERED)
        ),
    ]
)
"""The assignments that put the writer in front, and forget the oldest one."""


def mark_of(invocation_id: str) -> bytes:
    """Return the mark of an invocation, which no other invocation has."""
    return hashlib.sha256(invocation_id.encode()).digest()[:_SIZE]


def values(mark: bytes) -> dict[str, Any]:
    """Return the values of the placeholders in this module's expressions."""
    return {":writer": mark, ":blank": _BLANK}


def first(mark: bytes, before: Sequence[Any] = ()) -> list[Any]:
    """Return the writers of a new item.

    Args:
        mark: The mark of the create.
        before: The writers of the deleted item that had the key before.
    """
    return [mark, *before, *[_BLANK] * REMEMBERED][:REMEMBERED]


def writes_since(mark: bytes, item: Mapping[str, Any]) -> int | None:
    """Return the number of later writes to an item; None if it does not remember the writer."""
    writers: list[Any] = item.get(WRITERS, [])
    return writers.index(mark) if mark in writers else None
