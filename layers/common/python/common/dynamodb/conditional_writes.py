"""Exactly-once conditional writes: create, update and delete an item with one call each.

The condition of a write carries the rule, and the item that fails it shows which rule failed. So
nothing is read first, and no other write can come in between.

Every item remembers its last writers (:mod:`common.dynamodb.writers`). A deleted item leaves a
tombstone, which remembers them too, so that no delayed attempt brings the item back or deletes its
successor. No index has a tombstone, and DynamoDB's time to live removes it.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from typing import Any, NamedTuple

from common.aws.clients import client
from common.dynamodb import writers
from common.dynamodb.attribute_values import marshal, unmarshal
from common.dynamodb.expressions import Expression
from common.dynamodb.retrying_client import ConditionFailed, call
from common.dynamodb.revisions import VERSION, Precondition, Revision, revision_of
from common.dynamodb.tables import (
    DELETED_AT,
    FINGERPRINT,
    INCARNATION,
    OWN_ATTRIBUTES,
    WRITERS,
    Table,
    giver_of,
    is_tombstone,
)
from common.dynamodb.writers import NOT_WRITTEN_YET, mark_of, writes_since
from common.exceptions import (
    IdempotencyKeyReused,
    NotFound,
    StatusConflict,
    Unavailable,
    VersionMismatch,
)

STATUS = "status"

_ROUNDS = 4
"""The calls of a create: one, and another one over each tombstone that it finds."""

TOMBSTONE_LIFE = timedelta(hours=1)
"""The time after which DynamoDB may remove a tombstone: far longer than any request lasts."""


@dataclass(frozen=True)
class Update:
    """The assignments of an update."""

    assign: Mapping[str, Any]
    """Attributes that get a new value."""

    keep: Mapping[str, Any] = field(default_factory=dict)
    """Attributes that get this value only if they have none."""

    clear: Collection[str] = ()
    """Attributes that are removed."""

    increment: Collection[str] = ()
    """Numbers that grow by one, besides the version."""


class Written(NamedTuple):
    """An item after a write."""

    item: Mapping[str, Any]
    """The item."""

    revision: Revision | None
    """The item's revision. None if the write is an earlier attempt, and others have followed it."""

    filled: frozenset[str] = frozenset()
    """The attributes in ``Update.keep`` that had no value before the write."""


def create(
    table: Table, item: Mapping[str, Any], *, fingerprint: str | None, invocation_id: str
) -> tuple[Written, bool]:
    """Store a new item, once.

    Args:
        table: The table.
        item: The item, with its keys; its version is 1.
        fingerprint: The same for two creates of one item if they are the same create; None if no
            other request creates this item.
        invocation_id: The id of Lambda's invocation; recognises its own lost answers.

    Returns:
        The item, and whether an earlier request had stored it (a replay).

    Raises:
        IdempotencyKeyReused: A create with another fingerprint has taken the key.
        Unavailable: DynamoDB failed; the item may or may not have been stored.
    """
    mark = mark_of(invocation_id)
    created = Written(item, Revision(item[VERSION], mark))
    stored = {**item, INCARNATION: mark, WRITERS: writers.first(mark)}
    if fingerprint is not None:
        stored[FINGERPRINT] = fingerprint
    condition: dict[str, Any] = {
        "ConditionExpression": f"attribute_not_exists({table.partition_key})"
    }
    for _ in range(_ROUNDS):
        try:
            call(
                client("dynamodb").put_item,
                TableName=table.name,
                Item=marshal(stored),
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
                **condition,
            )
        except ConditionFailed as failure:
            found = failure.item
            if writes_since(mark, found) is not None:
                return created, False
            if found and not is_tombstone(found):
                if fingerprint is None or found.get(FINGERPRINT) != fingerprint:
                    raise IdempotencyKeyReused from failure
                return Written(found, revision_of(found)), True
        else:
            return created, False
        # A tombstone has the key, and its writers must not be forgotten.
        before = found.get(WRITERS, [])
        stored[WRITERS] = writers.first(mark, before)
        condition = _is_still(table, before)
    raise Unavailable("others create and delete the item all the time")


def _is_still(table: Table, tombstone_writers: list[Any]) -> dict[str, Any]:
    """Return the condition that a tombstone is still there; or that nothing is, without writers."""
    if not tombstone_writers:
        return {"ConditionExpression": f"attribute_not_exists({table.partition_key})"}
    return {
        "ConditionExpression": f"attribute_exists({DELETED_AT}) AND {WRITERS}[0] = :deleter",
        "ExpressionAttributeValues": marshal({":deleter": tombstone_writers[0]}),
    }


def update(
    table: Table,
    key: str,
    change: Update,
    *,
    statuses: Collection[str],
    precondition: Precondition,
    invocation_id: str,
) -> Written | None:
    """Update an item, once, if its status and revision allow it.

    Args:
        table: The table.
        key: The item's partition key.
        change: The assignments; the version grows by one besides.
        statuses: The statuses that the item may have before.
        precondition: The revisions that the item may have before.
        invocation_id: The id of Lambda's invocation, which applies at most once.

    Returns:
        The item after the update; after a lost answer, possibly with later updates of others. None
        if another request has deleted the item since.

    Raises:
        NotFound: The table has no such item.
        VersionMismatch: The item's revision does not allow the update.
        StatusConflict: The item's status does not allow the update.
        Unavailable: DynamoDB failed; the update may or may not have been applied.
    """
    mark = mark_of(invocation_id)
    writer = writers.remember(mark)
    expression = Expression(writer.values)
    sets = [
        *writer.sets,
        *(
            f"{expression.name(name)} = {expression.value(value)}"
            for name, value in change.assign.items()
        ),
    ]
    for attribute, value in change.keep.items():
        name, giver = expression.name(attribute), expression.name(giver_of(attribute))
        sets.append(f"{name} = if_not_exists({name}, {expression.value(value)})")
        sets.append(f"{giver} = if_not_exists({giver}, :writer)")
    adds = [
        f"{expression.name(name)} {expression.value(1)}" for name in (VERSION, *change.increment)
    ]
    cleared = sorted({*change.clear, *map(giver_of, change.clear)})
    removes = [*writer.removes, *map(expression.name, cleared)]
    clauses = [f"SET {', '.join(sets)}", f"ADD {', '.join(adds)}"]
    if removes:
        clauses.append(f"REMOVE {', '.join(removes)}")
    try:
        answer = call(
            client("dynamodb").update_item,
            TableName=table.name,
            Key=marshal({table.partition_key: key}),
            UpdateExpression=" ".join(clauses),
            ConditionExpression=_allowed(expression, statuses, precondition),
            ReturnValues="ALL_NEW",
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
            **expression.arguments(),
        )
    except ConditionFailed as failure:
        since = writes_since(mark, failure.item)
        if since is None:
            raise _broken_rule(table, failure.item, precondition) from failure
        return _applied_before(failure.item, change, mark, since)
    item = unmarshal(answer["Attributes"])
    return Written(item, revision_of(item), _filled(item, change, mark))


def delete(
    table: Table,
    key: str,
    attributes: tuple[str, ...],
    *,
    statuses: Collection[str],
    precondition: Precondition,
    now: datetime,
    invocation_id: str,
) -> None:
    """Delete an item, once, if its status and revision allow it.

    Args:
        table: The table.
        key: The item's partition key.
        attributes: The item's attributes.
        statuses: The statuses that the item may have.
        precondition: The revisions that the item may have.
        now: The time of the deletion.
        invocation_id: The id of Lambda's invocation; recognises its own lost answers.

    Raises:
        NotFound: The table has no such item.
        VersionMismatch: The item's revision does not allow the deletion.
        StatusConflict: The item's status does not allow the deletion.
        Unavailable: DynamoDB failed; the item may or may not have been deleted.
    """
    mark = mark_of(invocation_id)
    writer = writers.remember_last(mark)
    removal, names = _removal(table, attributes)
    expression = Expression(writer.values, names)
    sets = [
        *writer.sets,
        f"{DELETED_AT} = {expression.value(now.isoformat())}",
        f"{expression.name(table.time_to_live)} = "
        f"{expression.value(int((now + TOMBSTONE_LIFE).timestamp()))}",
    ]
    try:
        call(
            client("dynamodb").update_item,
            TableName=table.name,
            Key=marshal({table.partition_key: key}),
            UpdateExpression=f"SET {', '.join(sets)} {removal}",
            ConditionExpression=_allowed(expression, statuses, precondition),
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
            **expression.arguments(),
        )
    except ConditionFailed as failure:
        if writes_since(mark, failure.item) is None:
            raise _broken_rule(table, failure.item, precondition) from failure


@cache
def _removal(table: Table, attributes: tuple[str, ...]) -> tuple[str, Mapping[str, str]]:
    """Return the clause that leaves a tombstone of an item, and the names in it.

    Both are the same for each deletion. To build them each time would take a fiftieth of a request.
    """
    remains = {table.partition_key, table.time_to_live, DELETED_AT, WRITERS}
    expression = Expression()
    removed = map(expression.name, sorted({*attributes, *OWN_ATTRIBUTES} - remains))
    return f"REMOVE {', '.join(removed)}", expression.names


def _allowed(expression: Expression, statuses: Collection[str], precondition: Precondition) -> str:
    return " AND ".join(
        [
            NOT_WRITTEN_YET,
            # DynamoDB takes no empty list, and no item has an empty status. Nor has a tombstone a
            # status.
            expression.within(STATUS, sorted(statuses) or [""]),
            *precondition.conditions(expression),
        ]
    )


def _broken_rule(table: Table, item: Mapping[str, Any], precondition: Precondition) -> Exception:
    if not item or is_tombstone(item):
        return NotFound(table.entity)
    if not precondition.holds(revision_of(item)):
        return VersionMismatch(table.entity)
    return StatusConflict(table.entity, item[STATUS])


def _applied_before(
    item: Mapping[str, Any], change: Update, mark: bytes, since: int
) -> Written | None:
    """Return the result of an update that an earlier attempt has applied.

    Args:
        item: The item now.
        change: The update.
        mark: The mark of the update.
        since: The writes to the item since the update.
    """
    # An item's create is one of its writes. If it came after the update, that item is gone.
    if is_tombstone(item) or since >= item[VERSION]:
        return None
    revision = None if since else revision_of(item)
    return Written(item, revision, _filled(item, change, mark))


def _filled(item: Mapping[str, Any], change: Update, mark: bytes) -> frozenset[str]:
    # Items of the version before do not know who gave them a value.
    return frozenset(
        attribute
        for attribute, value in change.keep.items()
        if item.get(giver_of(attribute)) == mark and item.get(attribute) == value
    )
