"""Reads: one item by GetItem, or a page of a sharded index by Query; never by Scan.

An index whose partition key has few values is spread over shards, since one partition takes only
1,000 writes a second. A list queries all shards in parallel and merges them, newest first.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-sharding.html
"""

from collections.abc import Callable, Iterable, Sequence
from heapq import merge
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

from common.aws.clients import client
from common.aws.timeouts import MAX_CONNECTIONS
from common.dynamodb.attribute_values import marshal, unmarshal
from common.dynamodb.expressions import Expression
from common.dynamodb.retrying_client import call
from common.dynamodb.tables import Table, is_tombstone
from common.exceptions import NotFound

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import QueryOutputTypeDef

Item = dict[str, Any]


class Index(NamedTuple):
    """A global secondary index."""

    name: str
    partition_key: str


class Page(NamedTuple):
    """A page of a list."""

    items: list[Item]
    """The items, newest first."""

    after: str | None
    """The sort key to continue after; None on the last page."""


def get(table: Table, key: str) -> Item:
    """Read an item, consistently.

    Raises:
        NotFound: The table has no such item.
        Unavailable: DynamoDB failed.
    """
    answer = call(
        client("dynamodb").get_item,
        TableName=table.name,
        Key=marshal({table.partition_key: key}),
        ConsistentRead=True,
    )
    item = unmarshal(answer.get("Item", {}))
    if not item or is_tombstone(item):
        raise NotFound(table.entity)
    return item


def merged_page(
    table: Table, index: Index, partitions: Sequence[str], *, limit: int, after: str | None
) -> Page:
    """Merge the newest items of several partitions.

    Args:
        table: The table.
        index: The index to query.
        partitions: The values of the index's partition key; at least one.
        limit: The most items on the page; at least 1.
        after: The ``after`` of the page before; None for the first page.

    Raises:
        Unavailable: DynamoDB failed.
    """

    # One more than the page holds shows whether another page follows.
    def newest(partition: str) -> list[Item]:
        answer = _query(table, index, partition, after, limit + 1)
        return [unmarshal(item) for item in answer["Items"]]

    newest_first = merge(
        *_in_parallel(newest, partitions), key=lambda item: item[table.sort_key], reverse=True
    )
    items = list(islice(newest_first, limit + 1))
    more = len(items) > limit
    return Page(items[:limit], after=items[limit - 1][table.sort_key] if more else None)


def filtered_page(
    table: Table,
    index: Index,
    partition: str,
    matches: Callable[[Item], bool],
    *,
    reads: int,
    limit: int,
    after: str | None,
) -> Page:
    """Read one partition, and keep the items that match a filter.

    The page may hold fewer items than ``limit`` although more follow: only a missing ``after``
    marks the end.

    Args:
        table: The table.
        index: The index to query.
        partition: The value of the index's partition key.
        matches: The filter. It is applied here, since DynamoDB bills filtered items too.
        reads: The most items to read; they bound the cost of a page.
        limit: The most items on the page; at least 1.
        after: The ``after`` of the page before; None for the first page.

    Raises:
        Unavailable: DynamoDB failed.
    """
    answer = _query(table, index, partition, after, reads)
    items = [unmarshal(item) for item in answer["Items"]]
    matching = [item for item in items if matches(item)]
    if len(matching) > limit:
        return Page(matching[:limit], after=matching[limit - 1][table.sort_key])
    more = "LastEvaluatedKey" in answer
    return Page(matching, after=items[-1][table.sort_key] if more else None)


def _query(
    table: Table, index: Index, partition: str, after: str | None, limit: int
) -> "QueryOutputTypeDef":
    expression = Expression()
    condition = f"{expression.name(index.partition_key)} = {expression.value(partition)}"
    if after is not None:
        condition += f" AND {expression.name(table.sort_key)} < {expression.value(after)}"
    answer: QueryOutputTypeDef = call(
        client("dynamodb").query,
        TableName=table.name,
        IndexName=index.name,
        KeyConditionExpression=condition,
        ScanIndexForward=False,
        Limit=limit,
        **expression.arguments(),
    )
    return answer


def _in_parallel(
    work: Callable[[str], list[Item]], partitions: Sequence[str]
) -> Iterable[list[Item]]:
    # Only lists need threads; no other route pays for the import.
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(max_workers=min(len(partitions), MAX_CONNECTIONS)) as pool:
        return list(pool.map(work, partitions))
