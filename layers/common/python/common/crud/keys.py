"""The keys of an entity's table and of its indexes."""

import hashlib
from collections.abc import Mapping
from typing import Final

from common.crud.entity import Entity

SORT_KEY: Final = "created_key"
"""``<created_at>#<id>``, which sorts the indexes by time and is unique."""
EXPIRY: Final = "expires_at"
"""DynamoDB's time to live."""

STATUS_SHARD: Final = "status_shard"
"""``<status>#<shard>``.

There are few statuses, and one partition takes 1,000 writes a second:
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-sharding.html
"""

SHARD: Final = "shard"
"""The shard alone, which never changes.

A list of all items must not query by status: an item whose status changes between two queries
would be in neither answer.
"""

BY_CREATION: Final = "by-creation"
BY_STATUS: Final = "by-status"


def shard_of(item_id: str, shards: int) -> str:
    """Return the shard of an item, which follows from its id."""
    return str(hashlib.sha256(item_id.encode()).digest()[0] % shards)


def shard_names(shards: int) -> list[str]:
    """Return the names of all shards."""
    return [str(number) for number in range(shards)]


def status_shard(status: str, shard: str) -> str:
    """Return the key of the items of a status in a shard."""
    return f"{status}#{shard}"


def by_filter(field: str) -> str:
    """Return the name of the index for a filter."""
    return f"by-{field.replace('_', '-')}"


def indexes(entity: Entity) -> Mapping[str, str]:
    """Return the partition key of each index of an entity's table, by the index's name."""
    return {
        BY_CREATION: SHARD,
        BY_STATUS: STATUS_SHARD,
        **{by_filter(field): field for field in entity.filters},
    }


def projections(entity: Entity) -> Mapping[str, list[str]]:
    """Return the attributes that each index has besides its keys and the table's key."""
    return {
        name: [
            field
            for field in entity.schema.fields_of("list")
            if field not in {entity.id_field, key}
        ]
        for name, key in indexes(entity).items()
    }
