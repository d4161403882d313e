"""The table of jobs: five operations, each one DynamoDB call (a list is one per partition).

The condition of a write carries the rule, and the item that refused it tells which rule it
was, so nothing is read first and no race is lost in between. Every item remembers the
invocations that wrote it last: when an answer is lost on the wire and botocore sends the write
again, the refusal of the second attempt is recognised as the success of the first.
"""

import hashlib
import json
from base64 import b64encode
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields
from heapq import merge
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

from botocore.exceptions import ClientError, ConnectionError, HTTPClientError
from botocore.parsers import ResponseParserError

from common.aws.clients import DeadlineReached, client
from common.aws.timeouts import MAX_CONNECTIONS
from common.dynamodb.expressions import Expression, marshal, unmarshal
from common.jobs.keys import (
    BY_CREATION,
    BY_PIPELINE,
    BY_STATUS,
    INDEXES,
    PARTITION_KEY,
    SHARD,
    SORT_KEY,
    STATUS_SHARD,
)
from common.jobs.model import DELETABLE, SUMMARY, Change, Job, NotFound, Status, compact
from common.settings import SETTINGS

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import QueryOutputTypeDef

_REMEMBERED = 8
"""Writers that an item remembers.

As many others may write to a job between two attempts of one request, at most a few seconds
apart, before the second attempt would no longer be recognised.
"""

_TRANSIENT = {
    "InternalServerError",
    "LimitExceededException",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "ServiceUnavailable",
    "ThrottlingException",
}


class Unavailable(Exception):
    """DynamoDB did not answer in time, or asked us to slow down. Trying again may help."""


class VersionMismatch(Exception):
    """The job's version is none of those that the caller expects."""


class StatusConflict(Exception):
    """The job's status does not allow the operation.

    Args:
        status: The status that the job has.
    """

    def __init__(self, status: Status) -> None:
        super().__init__(status)
        self.status = status


class FingerprintMismatch(Exception):
    """The job exists, and another request than this one registered it."""


class Page(NamedTuple):
    """A page of a list: summaries, newest first, and the key to go on after, if any."""

    items: list[dict[str, Any]]
    after: str | None


def put(job: Job, *, fingerprint: str, invocation_id: str) -> tuple[Job, bool]:
    """Store a new job, once.

    Args:
        job: The job to store.
        fingerprint: What makes two creates of this job id the same create.
        invocation_id: The id of the invocation; its own lost answers are no replays.

    Returns:
        The stored job, and whether an earlier request had stored it (a replay).

    Raises:
        FingerprintMismatch: The id is taken by a create with another fingerprint.
        Unavailable: DynamoDB failed; the job may or may not have been stored.
    """
    item = {
        **_to_item(job.present()),
        SORT_KEY: f"{job.created_at}#{job.job_id}",
        SHARD: _shard(job.job_id),
        STATUS_SHARD: _status_shard(job.status, job.job_id),
        "fingerprint": fingerprint,
        "writers": [_mark(invocation_id), *[""] * (_REMEMBERED - 1)],
    }
    try:
        _call(
            client("dynamodb").put_item,
            TableName=SETTINGS.table_name,
            Item=marshal(item),
            ConditionExpression=f"attribute_not_exists({PARTITION_KEY})",
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )
    except _Refused as refused:
        if refused.item.get("fingerprint") != fingerprint:
            raise FingerprintMismatch from refused
        return _to_job(refused.item), _mark(invocation_id) not in refused.item["writers"]
    return job, False


def get(job_id: str) -> Job:
    """Read a job as it is now.

    Raises:
        NotFound: There is no such job.
        Unavailable: DynamoDB failed.
    """
    answer = _call(
        client("dynamodb").get_item,
        TableName=SETTINGS.table_name,
        Key=marshal({PARTITION_KEY: job_id}),
        ConsistentRead=True,
    )
    if "Item" not in answer:
        raise NotFound(job_id)
    return _to_job(unmarshal(answer["Item"]))


def update(
    job_id: str, change: Change, *, versions: frozenset[int] | None, invocation_id: str
) -> Job:
    """Apply a change, once, if the job's version and status allow it.

    Args:
        job_id: The job to change.
        change: The change.
        versions: The versions that the job may have before; None for any.
        invocation_id: The id of the invocation; the same id is applied at most once.

    Returns:
        The job after the change; after a lost answer, possibly with later changes of others.

    Raises:
        NotFound: There is no such job.
        VersionMismatch: The job has another version.
        StatusConflict: The job's status does not allow the change.
        Unavailable: DynamoDB failed; the change may or may not have been applied.
    """
    expression = Expression()
    assign = {
        **_to_item(change.assign),
        STATUS_SHARD: _status_shard(change.status, job_id),
    }
    mark = expression.value(_mark(invocation_id))
    writers = expression.name("writers")
    sets = [f"{writers}[{n}] = {writers}[{n - 1}]" for n in range(_REMEMBERED - 1, 0, -1)]
    sets.append(f"{writers}[0] = {mark}")
    sets += [f"{expression.name(key)} = {expression.value(value)}" for key, value in assign.items()]
    for key, value in _to_item(change.keep).items():
        name = expression.name(key)
        sets.append(f"{name} = if_not_exists({name}, {expression.value(value)})")
    adds = [f"{expression.name('version')} {expression.value(1)}"]
    if change.new_attempt:
        adds.append(f"{expression.name('attempt')} {expression.value(1)}")
    clauses = [f"SET {', '.join(sets)}", f"ADD {', '.join(adds)}"]
    if change.clear:
        clauses.append(f"REMOVE {', '.join(map(expression.name, sorted(change.clear)))}")
    conditions = [
        f"NOT contains({writers}, {mark})",
        expression.within("status", sorted(change.sources)),
    ]
    if versions is not None:
        conditions.append(expression.within("version", sorted(versions)))
    try:
        answer = _call(
            client("dynamodb").update_item,
            TableName=SETTINGS.table_name,
            Key=marshal({PARTITION_KEY: job_id}),
            UpdateExpression=" ".join(clauses),
            ConditionExpression=" AND ".join(conditions),
            ReturnValues="ALL_NEW",
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
            **expression.arguments(),
        )
    except _Refused as refused:
        if _mark(invocation_id) in refused.item.get("writers", []):
            return _to_job(refused.item)
        raise _why(refused.item, versions) from refused
    return _to_job(unmarshal(answer["Attributes"]))


def delete(job_id: str, *, versions: frozenset[int] | None) -> None:
    """Delete a job, if its version and status allow it.

    Args:
        job_id: The job to delete.
        versions: The versions that the job may have; None for any.

    Raises:
        NotFound: There was no such job.
        VersionMismatch: The job has another version.
        StatusConflict: The job is RUNNING.
        Unavailable: DynamoDB failed; the job may or may not have been deleted.
    """
    expression = Expression()
    conditions = [expression.within("status", sorted(DELETABLE))]
    if versions is not None:
        conditions.append(expression.within("version", sorted(versions)))
    try:
        _call(
            client("dynamodb").delete_item,
            TableName=SETTINGS.table_name,
            Key=marshal({PARTITION_KEY: job_id}),
            ConditionExpression=" AND ".join(conditions),
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
            **expression.arguments(),
        )
    except _Refused as refused:
        # Our first attempt has deleted it, or another request has in between, or, if DynamoDB did
        # not take the first one, it never was. Whoever wanted it gone has no use for knowing.
        if not refused.item and refused.retries:
            return
        raise _why(refused.item, versions) from refused


def query(*, status: Status | None, pipeline: str | None, limit: int, after: str | None) -> Page:
    """List jobs, newest first.

    A page costs the same however large the table is. With both filters it may hold fewer
    jobs than ``limit`` although more follow: only a missing ``after`` marks the end.

    Args:
        status: Only jobs of this status; None for all.
        pipeline: Only jobs of this pipeline; None for all.
        limit: The most jobs on the page; at least 1.
        after: The ``after`` of the page before; None for the first page.

    Raises:
        Unavailable: DynamoDB failed.
    """
    if pipeline is not None:
        return _pipeline_page(pipeline, status, limit, after)
    index = BY_CREATION if status is None else BY_STATUS
    shards = [str(number) for number in range(SETTINGS.shards)]
    partitions = shards if status is None else [f"{status}#{shard}" for shard in shards]

    # One more than the page holds, so that the last page knows that it is the last.
    def first_of(partition: str) -> list[dict[str, Any]]:
        answer = _query(index, partition, after, limit + 1)
        return [unmarshal(entry) for entry in answer["Items"]]

    newest_first = merge(
        *_in_parallel(first_of, partitions), key=lambda item: item[SORT_KEY], reverse=True
    )
    found = list(islice(newest_first, limit + 1))
    more = len(found) > limit
    return Page(
        items=[_summary(item) for item in found[:limit]],
        after=found[limit - 1][SORT_KEY] if more else None,
    )


def _pipeline_page(pipeline: str, status: Status | None, limit: int, after: str | None) -> Page:
    # DynamoDB filters what it has read. If all statuses are alike, this many reads fill a page.
    reads = limit + 1 if status is None else (limit + 1) * len(Status)
    answer = _query(BY_PIPELINE, pipeline, after, reads)
    entries = [unmarshal(entry) for entry in answer["Items"]]
    found = [entry for entry in entries if status is None or entry["status"] == status]
    items = [_summary(item) for item in found[:limit]]
    if len(found) > limit:
        return Page(items, after=found[limit - 1][SORT_KEY])
    return Page(items, after=entries[-1][SORT_KEY] if "LastEvaluatedKey" in answer else None)


def _query(index: str, partition: str, after: str | None, limit: int) -> "QueryOutputTypeDef":
    expression = Expression()
    condition = f"{expression.name(INDEXES[index])} = {expression.value(partition)}"
    if after is not None:
        condition += f" AND {expression.name(SORT_KEY)} < {expression.value(after)}"
    answer: QueryOutputTypeDef = _call(
        client("dynamodb").query,
        TableName=SETTINGS.table_name,
        IndexName=index,
        KeyConditionExpression=condition,
        ScanIndexForward=False,
        Limit=limit,
        **expression.arguments(),
    )
    return answer


def _in_parallel(
    work: Callable[[str], list[dict[str, Any]]], partitions: list[str]
) -> Iterable[list[dict[str, Any]]]:
    # Only a list needs threads; no other route should pay for importing them.
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(max_workers=min(len(partitions), MAX_CONNECTIONS)) as pool:
        return list(pool.map(work, partitions))


class _Refused(Exception):
    """DynamoDB refused a write because its condition did not hold.

    Args:
        item: The item that stood in the way; empty if there was none.
        retries: How many attempts DynamoDB had seen before this one.
    """

    def __init__(self, item: dict[str, Any], retries: int) -> None:
        super().__init__(item.get("job_id"))
        self.item = item
        self.retries = retries


def _call(operation: Callable[..., Any], **arguments: Any) -> Any:
    try:
        return operation(**arguments)
    except ClientError as error:
        code = error.response["Error"]["Code"]
        metadata = error.response["ResponseMetadata"]
        if code == "ConditionalCheckFailedException":
            # botocore types the answer of a refused write as an error's, without its item.
            item: dict[str, Any] = error.response.get("Item", {})  # type: ignore[assignment]
            raise _Refused(unmarshal(item), metadata["RetryAttempts"]) from error
        if code in _TRANSIENT or metadata["HTTPStatusCode"] >= 500:
            raise Unavailable(code) from error
        raise
    except (ConnectionError, HTTPClientError, ResponseParserError, DeadlineReached) as error:
        raise Unavailable(type(error).__name__) from error


def _why(item: Mapping[str, Any], versions: frozenset[int] | None) -> Exception:
    """Which rule the item that refused a write has broken."""
    if not item:
        return NotFound()
    if versions is not None and item["version"] not in versions:
        return VersionMismatch()
    return StatusConflict(Status(item["status"]))


def _mark(invocation_id: str) -> str:
    # A piece of a hash, because the item pays for every byte: 72 bits do not meet by chance.
    return b64encode(hashlib.sha256(invocation_id.encode()).digest()[:9]).decode()


def _status_shard(status: Status, job_id: str) -> str:
    return f"{status}#{_shard(job_id)}"


def _shard(job_id: str) -> str:
    return str(hashlib.sha256(job_id.encode()).digest()[0] % SETTINGS.shards)


def _to_item(values: Mapping[str, Any]) -> dict[str, Any]:
    # As a string, so that any JSON comes back as it came in: DynamoDB's own numbers have 38
    # digits, and its maps nest 32 deep.
    return {key: compact(value) if key == "parameters" else value for key, value in values.items()}


def _to_job(item: Mapping[str, Any]) -> Job:
    known = {entry.name: item[entry.name] for entry in fields(Job) if entry.name in item}
    known["parameters"] = json.loads(known["parameters"])
    known["status"] = Status(known["status"])
    return Job(**known)


def _summary(item: Mapping[str, Any]) -> dict[str, Any]:
    return {name: item[name] for name in SUMMARY if name in item}
