"""The writers that an item remembers, so that a write recognises itself.

Each create, update and deletion puts its mark in front of the item's list ``writers``. When the
answer to a call is lost and botocore sends the call again, or when a delayed first attempt arrives
after its retry, the condition ``NOT_WRITTEN_YET`` refuses it, and the list shows that the write was
applied.
"""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from common.dynamodb.tables import WRITERS

REMEMBERED = 32
"""The writers that an item remembers at least.

A retry follows its first attempt within seconds. It is not recognised if as many other requests
write to the same item in between.
"""

_FORGETTING = 16
"""One in so many updates forgets the oldest writers of an item that has more of them."""

_SIZE = 6
"""Bytes of a mark. The item pays for each; 48 bits do not collide by chance within a list."""

NOT_WRITTEN_YET = f"NOT contains({WRITERS}, :writer)"
"""The condition that the writer has not written to the item."""


class Remember(NamedTuple):
    """The parts of an update that put its mark in front."""

    sets: list[str]
    """Assignments."""

    removes: list[str]
    """Attributes that are removed."""

    values: dict[str, Any]
    """The values of the placeholders, ``NOT_WRITTEN_YET`` included."""


_IN_FRONT = [f"{WRITERS} = list_append(:writers, {WRITERS})"]

# An expression that names the whole list cannot shorten it, and one that names its elements must
# say what a missing element becomes.
_SHIFT = [
    f"{WRITERS}[0] = :writer",
    *(f"{WRITERS}[{n}] = if_not_exists({WRITERS}[{n - 1}], :none)" for n in range(1, REMEMBERED)),
]
_OLDEST = [f"{WRITERS}[{n}]" for n in range(REMEMBERED, 2 * REMEMBERED)]


def remember(mark: bytes) -> Remember:
    """Return the parts of an update that remember its writer.

    A list of an item grows with each update until one of them forgets the oldest. Few items live
    that long, and the others stay small.
    """
    if mark[0] % _FORGETTING:
        return remember_last(mark)
    return Remember(_SHIFT, _OLDEST, {":writer": mark, ":none": b""})


def remember_last(mark: bytes) -> Remember:
    """Return the parts of an item's last update, its deletion, which remember the writer."""
    return Remember(_IN_FRONT, [], {":writer": mark, ":writers": [mark]})


def mark_of(invocation_id: str) -> bytes:
    """Return the mark of an invocation, which no other invocation has."""
    return hashlib.sha256(invocation_id.encode()).digest()[:_SIZE]


def first(mark: bytes, before: Sequence[Any] = ()) -> list[Any]:
    """Return the writers of a new item.

    Args:
        mark: The mark of the create.
        before: The writers of the deleted item that had the key before.
    """
    return [mark, *before][:REMEMBERED]


def writes_since(mark: bytes, item: Mapping[str, Any]) -> int | None:
    """Return the number of later writes to an item; None if it does not remember the writer."""
    writers: list[Any] = item.get(WRITERS, [])
    return writers.index(mark) if mark in writers else None
