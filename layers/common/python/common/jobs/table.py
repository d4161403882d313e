"""The table of jobs: five operations, each one DynamoDB call (a list is one per partition)."""

import json
from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Any

from common.contract import compact_json
from common.dynamodb import conditional_writes, sharded_lists
from common.dynamodb.conditional_writes import Update
from common.dynamodb.sharded_lists import Index, Page, shard_of, shards
from common.dynamodb.tables import Table
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
from common.jobs.model import DELETABLE, NOUN, SUMMARY, Change, Job, Status
from common.settings import SETTINGS

_TABLE = Table(SETTINGS.table_name, NOUN, PARTITION_KEY, SORT_KEY)


def create(job: Job, *, fingerprint: str, invocation_id: str) -> tuple[Job, bool]:
    """Store a new job, once.

    Args:
        job: The job to store.
        fingerprint: The same for two creates of this job id if they are the same create.
        invocation_id: The id of Lambda's invocation; its own lost answers are no replays.

    Returns:
        The stored job, and whether an earlier request had stored it (a replay).

    Raises:
        IdempotencyKeyReused: The id belongs to a create with another fingerprint.
        Unavailable: DynamoDB failed; the job may or may not have been stored.
    """
    item = {
        **_to_attributes(job.present()),
        SORT_KEY: f"{job.created_at}#{job.job_id}",
        SHARD: shard_of(job.job_id),
        STATUS_SHARD: _status_shard(job.status, job.job_id),
    }
    existing, replayed = conditional_writes.create(
        _TABLE, item, fingerprint=fingerprint, invocation_id=invocation_id
    )
    return (_to_job(existing) if existing else job), replayed


def get(job_id: str) -> Job:
    """Read a job, consistently.

    Raises:
        NotFound: There is no such job.
        Unavailable: DynamoDB failed.
    """
    return _to_job(sharded_lists.get(_TABLE, job_id))


def update(
    job_id: str, change: Change, *, versions: frozenset[int] | None, invocation_id: str
) -> Job:
    """Apply a change, once, if the job's version and status allow it.

    Args:
        job_id: The job to change.
        change: The change.
        versions: The versions that the job may have before; None for any.
        invocation_id: The id of Lambda's invocation, which applies at most once.

    Returns:
        The job after the change; after a lost answer, possibly with later changes of others.

    Raises:
        NotFound: There is no such job.
        VersionMismatch: The job has another version.
        StatusConflict: The job's status does not allow the change.
        Unavailable: DynamoDB failed; the change may or may not have been applied.
    """
    return _to_job(
        conditional_writes.update(
            _TABLE,
            job_id,
            Update(
                assign={
                    **_to_attributes(change.assign),
                    STATUS_SHARD: _status_shard(change.status, job_id),
                },
                keep=_to_attributes(change.keep),
                clear=change.clear,
                increment=("attempt",) if change.new_attempt else (),
            ),
            statuses=change.sources,
            versions=versions,
            invocation_id=invocation_id,
        )
    )


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
    conditional_writes.delete(_TABLE, job_id, statuses=DELETABLE, versions=versions)


def query(*, status: Status | None, pipeline: str | None, limit: int, after: str | None) -> Page:
    """List summaries of jobs, newest first.

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
        page = _pipeline_page(pipeline, status, limit, after)
    elif status is None:
        page = sharded_lists.merged_page(
            _TABLE, _index(BY_CREATION), shards(), limit=limit, after=after
        )
    else:
        partitions = [f"{status}#{shard}" for shard in shards()]
        page = sharded_lists.merged_page(
            _TABLE, _index(BY_STATUS), partitions, limit=limit, after=after
        )
    return Page([_summary(item) for item in page.items], page.after)


def _pipeline_page(pipeline: str, status: Status | None, limit: int, after: str | None) -> Page:
    matches: Callable[[dict[str, Any]], bool]
    if status is None:
        matches, reads = (lambda _: True), limit + 1
    else:
        # If all statuses are equally frequent, this many reads fill a page.
        matches, reads = (lambda item: item["status"] == status), (limit + 1) * len(Status)
    return sharded_lists.filtered_page(
        _TABLE, _index(BY_PIPELINE), pipeline, matches, reads=reads, limit=limit, after=after
    )


def _index(name: str) -> Index:
    return Index(name, INDEXES[name])


def _status_shard(status: Status, job_id: str) -> str:
    return f"{status}#{shard_of(job_id)}"


def _to_attributes(values: Mapping[str, Any]) -> dict[str, Any]:
    # The parameters are stored as text, so that any JSON comes back unchanged: DynamoDB's numbers
    # have 38 digits, and its maps nest 32 levels deep.
    return {
        key: compact_json(value) if key == "parameters" else value for key, value in values.items()
    }


def _to_job(item: Mapping[str, Any]) -> Job:
    known = {entry.name: item[entry.name] for entry in fields(Job) if entry.name in item}
    known["parameters"] = json.loads(known["parameters"])
    known["status"] = Status(known["status"])
    return Job(**known)


def _summary(item: Mapping[str, Any]) -> dict[str, Any]:
    return {name: item[name] for name in SUMMARY if name in item}
