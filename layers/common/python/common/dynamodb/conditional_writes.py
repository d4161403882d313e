"""Exactly-once conditional writes: create, update and delete an item with one call each.

The condition of a write carries the rule, and the item that fails it shows which rule failed. So
nothing is read first, and no other write can come in between.

Every item remembers its last writers by their invocation ids. When DynamoDB's answer is lost and
botocore sends the write again, the condition refuses the second attempt, and the item shows that
the first one succeeded.
"""

import hashlib
from base64 import b64encode
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from common.aws.clients import client
from common.dynamodb.attribute_values import marshal, unmarshal
from common.dynamodb.expressions import Expression
from common.dynamodb.retrying_client import ConditionFailed, call
from common.dynamodb.tables import Table
from common.exceptions import IdempotencyKeyReused, NotFound, StatusConflict, VersionMismatch

STATUS = "status"
VERSION = "version"
_FINGERPRINT = "fingerprint"
_WRITERS = "writers"

_REMEMBERED_WRITERS = 8
"""The writers that an item remembers.

A retry follows its first attempt within seconds. It is not recognised if as many other requests
write to the same item in between.
"""


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


def create(
    table: Table, item: Mapping[str, Any], *, fingerprint: str, invocation_id: str
) -> tuple[Mapping[str, Any] | None, bool]:
    """Store a new item, once.

    Args:
        table: The table.
        item: The item, with its keys and a version.
        fingerprint: The same for two creates of one item if they are the same create.
        invocation_id: The id of Lambda's invocation; recognises its own lost answers.

    Returns:
        The item that was there already, or None if this call stored it; and whether an earlier
        request had stored it (a replay).

    Raises:
        IdempotencyKeyReused: A create with another fingerprint has taken the key.
        Unavailable: DynamoDB failed; the item may or may not have been stored.
    """
    writer = _writer_mark(invocation_id)
    stored = {
        **item,
        _FINGERPRINT: fingerprint,
        _WRITERS: [writer, *[""] * (_REMEMBERED_WRITERS - 1)],
    }
    try:
        call(
            client("dynamodb").put_item,
            TableName=table.name,
            Item=marshal(stored),
            ConditionExpression=f"attribute_not_exists({table.partition_key})",
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )
    except ConditionFailed as failure:
        if failure.item.get(_FINGERPRINT) != fingerprint:
            raise IdempotencyKeyReused from failure
        return failure.item, writer not in failure.item[_WRITERS]
    return None, False


def update(
    table: Table,
    key: str,
    change: Update,
    *,
    statuses: Collection[str],
    versions: Collection[int] | None,
    invocation_id: str,
) -> Mapping[str, Any]:
    """Update an item, once, if its status and version allow it.

    Args:
        table: The table.
        key: The item's partition key.
        change: The assignments; the version grows by one besides.
        statuses: The statuses that the item may have before.
        versions: The versions that the item may have before; None for any.
        invocation_id: The id of Lambda's invocation, which applies at most once.

    Returns:
        The item after the update; after a lost answer, possibly with later updates of others.

    Raises:
        NotFound: The table has no such item.
        VersionMismatch: The item has another version.
        StatusConflict: The item's status does not allow the update.
        Unavailable: DynamoDB failed; the update may or may not have been applied.
    """
    expression = Expression()
    writer = expression.value(_writer_mark(invocation_id))
    writers = expression.name(_WRITERS)
    sets = [f"{writers}[{n}] = {writers}[{n - 1}]" for n in range(_REMEMBERED_WRITERS - 1, 0, -1)]
    sets.append(f"{writers}[0] = {writer}")
    sets += [
        f"{expression.name(name)} = {expression.value(value)}"
        for name, value in change.assign.items()
    ]
    for attribute, value in change.keep.items():
        name = expression.name(attribute)
        sets.append(f"{name} = if_not_exists({name}, {expression.value(value)})")
    adds = [
        f"{expression.name(name)} {expression.value(1)}" for name in (VERSION, *change.increment)
    ]
    clauses = [f"SET {', '.join(sets)}", f"ADD {', '.join(adds)}"]
    if change.clear:
        clauses.append(f"REMOVE {', '.join(map(expression.name, sorted(change.clear)))}")
    conditions = [
        f"NOT contains({writers}, {writer})",
        *_allowed(expression, statuses, versions),
    ]
    try:
        answer = call(
            client("dynamodb").update_item,
            TableName=table.name,
            Key=marshal({table.partition_key: key}),
            UpdateExpression=" ".join(clauses),
            ConditionExpression=" AND ".join(conditions),
            ReturnValues="ALL_NEW",
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
            **expression.arguments(),
        )
    except ConditionFailed as failure:
        if _writer_mark(invocation_id) in failure.item.get(_WRITERS, []):
            return failure.item
        raise _broken_rule(table, failure.item, versions) from failure
    return unmarshal(answer["Attributes"])


def delete(
    table: Table, key: str, *, statuses: Collection[str], versions: Collection[int] | None
) -> None:
    """Delete an item, if its status and version allow it.

    Args:
        table: The table.
        key: The item's partition key.
        statuses: The statuses that the item may have.
        versions: The versions that the item may have; None for any.

    Raises:
        NotFound: The table has no such item.
        VersionMismatch: The item has another version.
        StatusConflict: The item's status does not allow the deletion.
        Unavailable: DynamoDB failed; the item may or may not have been deleted.
    """
    expression = Expression()
    try:
        call(
            client("dynamodb").delete_item,
            TableName=table.name,
            Key=marshal({table.partition_key: key}),
            ConditionExpression=" AND ".join(_allowed(expression, statuses, versions)),
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
            **expression.arguments(),
        )
    except ConditionFailed as failure:
        # On a retry, a missing item counts as deleted: by our first attempt or, if DynamoDB did
        # not take that one, by another request or never created. The caller wants it gone.
        if not failure.item and failure.retries:
            return
        raise _broken_rule(table, failure.item, versions) from failure


def _allowed(
    expression: Expression, statuses: Collection[str], versions: Collection[int] | None
) -> list[str]:
    # DynamoDB takes no empty list, and no item has an empty status.
    conditions = [expression.within(STATUS, sorted(statuses) or [""])]
    if versions is not None:
        conditions.append(expression.within(VERSION, sorted(versions)))
    return conditions


def _broken_rule(
    table: Table, item: Mapping[str, Any], versions: Collection[int] | None
) -> Exception:
    if not item:
        return NotFound(table.entity)
    if versions is not None and item[VERSION] not in versions:
        return VersionMismatch(table.entity)
    return StatusConflict(table.entity, item[STATUS])


def _writer_mark(invocation_id: str) -> str:
    # Part of a hash, since the item pays for every byte; 72 bits do not collide by chance.
    return b64encode(hashlib.sha256(invocation_id.encode()).digest()[:9]).decode()
