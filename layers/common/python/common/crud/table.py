"""The table of an entity: five operations, each one DynamoDB call (a list is one per partition)."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from common.contract import compact_json, parse_json
from common.crud.entity import Change, Entity, Item
from common.crud.etags import etag_of
from common.crud.keys import (
    BY_CREATION,
    BY_STATUS,
    EXPIRY,
    SHARD,
    SORT_KEY,
    STATUS_SHARD,
    by_filter,
    indexes,
    shard_names,
    shard_of,
    status_shard,
)
from common.dynamodb import conditional_writes, sharded_lists
from common.dynamodb.conditional_writes import Update, Written
from common.dynamodb.revisions import Precondition, revision_of
from common.dynamodb.sharded_lists import Index, Page
from common.dynamodb.tables import Table
from common.settings import SETTINGS


class Stored(NamedTuple):
    """An item as the table has it."""

    item: Item

    etag: str | None
    """The ETag of a revision; None if others may have changed the item since."""

    filled: frozenset[str] = frozenset()
    """The fields in ``Change.keep`` that had no value before the change."""


def create(
    entity: Entity, item: Item, *, fingerprint: str | None, invocation_id: str
) -> tuple[Stored, bool]:
    """Store a new item, once.

    Args:
        entity: The entity.
        item: The item to store.
        fingerprint: The same for two creates of this id if they are the same create; None if no
            other request creates this id.
        invocation_id: The id of Lambda's invocation; its own lost answers are no replays.

    Returns:
        The stored item, and whether an earlier request had stored it (a replay).

    Raises:
        IdempotencyKeyReused: The id belongs to a create with another fingerprint.
        Unavailable: DynamoDB failed; the item may or may not have been stored.
    """
    item_id = item[entity.id_field]
    attributes = {
        **_to_attributes(entity, item),
        SORT_KEY: f"{item['created_at']}#{item_id}",
        SHARD: _shard_of(item_id),
        STATUS_SHARD: status_shard(item["status"], _shard_of(item_id)),
    }
    written, replayed = conditional_writes.create(
        _table(entity), attributes, fingerprint=fingerprint, invocation_id=invocation_id
    )
    return _stored(entity, written), replayed


def get(entity: Entity, item_id: str) -> Stored:
    """Read an item, consistently.

    Raises:
        NotFound: There is no such item.
        Unavailable: DynamoDB failed.
    """
    attributes = sharded_lists.get(_table(entity), item_id)
    return _stored(entity, Written(attributes, revision_of(attributes)))


def update(
    entity: Entity,
    item_id: str,
    change: Change,
    *,
    precondition: Precondition,
    invocation_id: str,
) -> Stored | None:
    """Apply a change, once, if the item's revision and status allow it.

    Args:
        entity: The entity.
        item_id: The item to change.
        change: The change.
        precondition: The revisions that the item may have before.
        invocation_id: The id of Lambda's invocation, which applies at most once.

    Returns:
        The item after the change; after a lost answer, possibly with later changes of others. None
        if another request has deleted the item since.

    Raises:
        NotFound: There is no such item.
        VersionMismatch: The item's revision does not allow the change.
        StatusConflict: The item's status does not allow the change.
        Unavailable: DynamoDB failed; the change may or may not have been applied.
    """
    assign = _to_attributes(entity, change.assign)
    if change.status is not None:
        assign[STATUS_SHARD] = status_shard(change.status, _shard_of(item_id))
    update = Update(
        assign=assign,
        keep=_to_attributes(entity, change.keep),
        clear=change.clear,
        increment=change.increment,
    )
    written = conditional_writes.update(
        _table(entity),
        item_id,
        update,
        statuses=change.sources,
        precondition=precondition,
        invocation_id=invocation_id,
    )
    return written and _stored(entity, written)


def delete(
    entity: Entity,
    item_id: str,
    *,
    precondition: Precondition,
    now: datetime,
    invocation_id: str,
) -> None:
    """Delete an item, once, if its revision and status allow it.

    Args:
        entity: The entity.
        item_id: The item to delete.
        precondition: The revisions that the item may have.
        now: The time of the request.
        invocation_id: The id of Lambda's invocation; recognises its own lost answers.

    Raises:
        NotFound: There was no such item.
        VersionMismatch: The item's revision does not allow the deletion.
        StatusConflict: The item's status does not allow the deletion.
        Unavailable: DynamoDB failed; the item may or may not have been deleted.
    """
    conditional_writes.delete(
        _table(entity),
        item_id,
        (*entity.schema.fields, SORT_KEY, SHARD, STATUS_SHARD),
        statuses=entity.deletable,
        precondition=precondition,
        now=now,
        invocation_id=invocation_id,
    )


def query(entity: Entity, filters: Mapping[str, str], *, limit: int, after: str | None) -> Page:
    """List summaries of items, newest first.

    A page costs the same however large the table is. With several filters it may hold fewer items
    than ``limit`` although more follow: only a missing ``after`` marks the end.

    Args:
        entity: The entity.
        filters: The value of the status and of other filters that items must have.
        limit: The most items on the page; at least 1.
        after: The ``after`` of the page before; None for the first page.

    Raises:
        Unavailable: DynamoDB failed.
    """
    table = _table(entity)
    field = next((field for field in entity.filters if field in filters), None)
    if field is not None:
        page = _filtered_page(entity, field, filters, limit, after)
    elif "status" in filters:
        partitions = [status_shard(filters["status"], shard) for shard in _shards()]
        page = sharded_lists.merged_page(
            table, _index(entity, BY_STATUS), partitions, limit=limit, after=after
        )
    else:
        page = sharded_lists.merged_page(
            table, _index(entity, BY_CREATION), _shards(), limit=limit, after=after
        )
    return Page([_summary(entity, item) for item in page.items], page.after)


def _filtered_page(
    entity: Entity, field: str, filters: Mapping[str, str], limit: int, after: str | None
) -> Page:
    others = {name: value for name, value in filters.items() if name != field}

    def matches(item: Mapping[str, Any]) -> bool:
        return all(item.get(name) == value for name, value in others.items())

    # If all statuses are equally frequent, this many reads fill a page.
    reads = (limit + 1) * (len(entity.statuses) if others else 1)
    return sharded_lists.filtered_page(
        _table(entity),
        _index(entity, by_filter(field)),
        filters[field],
        matches,
        reads=reads,
        limit=limit,
        after=after,
    )


def _table(entity: Entity) -> Table:
    name = SETTINGS.table_names[entity.collection]
    return Table(name, entity.noun, entity.id_field, SORT_KEY, EXPIRY)


def _index(entity: Entity, name: str) -> Index:
    return Index(name, indexes(entity)[name])


def _shard_of(item_id: str) -> str:
    return shard_of(item_id, SETTINGS.shards)


def _shards() -> list[str]:
    return shard_names(SETTINGS.shards)


def _to_attributes(entity: Entity, values: Item) -> dict[str, Any]:
    # Arrays and objects are stored as text, so that any JSON comes back unchanged: DynamoDB's
    # numbers have 38 digits, and its maps nest 32 levels deep.
    return {
        name: compact_json(value) if name in entity.schema.structured else value
        for name, value in values.items()
    }


def _stored(entity: Entity, written: Written) -> Stored:
    etag = None if written.revision is None else etag_of(written.revision)
    return Stored(_known(entity, written.item, entity.schema.fields), etag, written.filled)


def _summary(entity: Entity, attributes: Mapping[str, Any]) -> dict[str, Any]:
    return _known(entity, attributes, entity.schema.fields_of("list"))


def _known(entity: Entity, attributes: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    return {
        name: _from_attribute(entity, name, attributes[name])
        for name in names
        if name in attributes
    }


def _from_attribute(entity: Entity, name: str, value: Any) -> Any:
    # Older items hold some objects as maps.
    is_text = isinstance(value, str) and name in entity.schema.structured
    return parse_json(value) if is_text else value
