"""The description of a table, which reads and writes need."""

from typing import NamedTuple


class Table(NamedTuple):
    """A table of versioned items that have a status."""

    name: str
    """The table's name in DynamoDB."""

    entity: str
    """The noun for an item, as callers read it."""

    partition_key: str
    """The attribute that identifies an item."""

    sort_key: str
    """The attribute that sorts every index."""
