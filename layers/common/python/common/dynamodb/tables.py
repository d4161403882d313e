"""The description of a table, which reads and writes need."""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

DELETED_AT: Final = "deleted_at"
"""Only a tombstone has it: the remains of a deleted item."""
FINGERPRINT: Final = "fingerprint"
"""The same for two creates of an item if they are the same create."""
INCARNATION: Final = "incarnation"
"""The mark of the create, which no other item under the same key has."""
WRITERS: Final = "writers"
"""The marks of the last writers (:mod:`common.dynamodb.writers`)."""

OWN_ATTRIBUTES = (DELETED_AT, FINGERPRINT, INCARNATION, WRITERS)
"""The attributes that an item has besides those of its entity."""


def giver_of(attribute: str) -> str:
    """Return the name of the attribute that holds the mark of the write that gave a value."""
    return f"{attribute}_writer"


class Table(NamedTuple):
    """A table of versioned items that have a status."""

    name: str
    """The table's name in DynamoDB."""

    entity: str
    """The noun for an item, as callers read it."""

    partition_key: str
    """The attribute that identifies an item."""

    sort_key: str
    """The attribute that sorts every index. No index has an item without it."""

    time_to_live: str
    """The attribute with the time, in epoch seconds, after which DynamoDB deletes an item."""


def is_tombstone(attributes: Mapping[str, Any]) -> bool:
    """Return whether ``attributes`` are the remains of a deleted item."""
    return DELETED_AT in attributes
