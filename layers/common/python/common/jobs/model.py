"""The rules of a job: its fields, its statuses, and the changes it allows. Nothing here knows AWS.

A change is computed from the request alone. The statuses in which it applies are part of the
result, so that the table can check them in the same write.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from common.contract import compact_json
from common.exceptions import RuleBroken

NOUN = "job"
"""The entity's noun in problem documents."""

MAX_PARAMETERS_BYTES = 16 * 1024

PIPELINE = re.compile("[a-z0-9][a-z0-9-]{0,62}")
"""The form of a pipeline's name; the same as in the schema of a new job."""


class Status(StrEnum):
    """The state of a job."""

    PENDING = "PENDING"
    RUNNING = "RUNNING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"


NEXT: Mapping[Status, frozenset[Status]] = {
    Status.PENDING: frozenset({Status.RUNNING, Status.CANCELLED}),
    Status.RUNNING: frozenset({Status.RUNNING, Status.SUCCEEDED, Status.FAILED, Status.CANCELLED}),
    Status.FAILED: frozenset({Status.PENDING}),
    Status.SUCCEEDED: frozenset(),
    Status.CANCELLED: frozenset(),
}
"""The statuses that a job may move to, by its current status."""

ENDED = frozenset({Status.SUCCEEDED, Status.FAILED, Status.CANCELLED})
_ENDINGS = frozenset(status.lower() for status in ENDED)

DELETABLE = frozenset(Status) - {Status.RUNNING}


@dataclass(frozen=True)
class Job:
    """A job as callers see it. Times are RFC 3339, UTC, with milliseconds."""

    job_id: str
    pipeline: str
    input_uri: str
    parameters: Mapping[str, Any]
    status: Status
    progress: int
    """Percent done."""
    attempt: int
    """1, and one more at each FAILED -> PENDING."""
    version: int
    """1, and one more at each write; the ETag."""
    created_at: str
    updated_at: str
    output_uri: str | None = None
    error: Mapping[str, str] | None = None
    started_at: str | None = None
    finished_at: str | None = None
    expires_at: int | None = None
    """Epoch seconds, as DynamoDB's time to live requires."""
    created_by: str | None = None
    """The caller that registered the job; jobs older than this field have none."""

    def present(self) -> dict[str, Any]:
        """Return the fields that have a value."""
        values = ((entry.name, getattr(self, entry.name)) for entry in fields(self))
        return {name: value for name, value in values if value is not None}


SUMMARY = (
    "job_id",
    "pipeline",
    "status",
    "progress",
    "attempt",
    "version",
    "created_at",
    "updated_at",
    "started_at",
    "finished_at",
)
"""The fields that a list shows, in the order of Job's fields.

The indexes project them. DynamoDB cannot add an attribute to an existing index, so a new field does
not appear in lists unless it is added here.
"""


@dataclass(frozen=True)
class Change:
    """An update of a job, and the statuses in which it applies."""

    sources: frozenset[Status]
    """The statuses that the job may have before."""
    status: Status
    """The status that the job has afterwards."""
    assign: Mapping[str, Any]
    """Fields that get a new value."""
    keep: Mapping[str, Any] = field(default_factory=dict)
    """Fields that get this value only if they have none."""
    clear: frozenset[str] = frozenset()
    """Fields that lose their value."""
    new_attempt: bool = False
    """True if ``attempt`` grows by one."""


def timestamp(moment: datetime) -> str:
    """Return ``moment`` in RFC 3339, UTC, with milliseconds."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def new(body: Mapping[str, Any], *, job_id: str, now: datetime, created_by: str) -> Job:
    """Create the job that a body valid under ``job-create`` describes.

    Raises:
        RuleBroken: The parameters are too large.
    """
    parameters = body.get("parameters", {})
    if len(compact_json(parameters).encode()) > MAX_PARAMETERS_BYTES:
        raise RuleBroken(
            NOUN, "/parameters", f"must be at most {MAX_PARAMETERS_BYTES} bytes as JSON"
        )
    return Job(
        job_id=job_id,
        pipeline=body["pipeline"],
        input_uri=body["input_uri"],
        parameters=parameters,
        status=Status.PENDING,
        progress=0,
        attempt=1,
        version=1,
        created_at=timestamp(now),
        updated_at=timestamp(now),
        created_by=created_by,
    )


def replace(
    body: Mapping[str, Any], *, now: datetime, retention: Callable[[], timedelta]
) -> Change:
    """Create the change that a body valid under ``job-replace`` describes.

    Fields that the body leaves out get the value of a new job.

    Args:
        body: The new values of all fields that a worker may change.
        now: The time of the change.
        retention: Returns the time that a job is kept after its end; called if this change ends it.

    Raises:
        RuleBroken: The fields contradict each other.
    """
    everything = {"progress": None, "output_uri": None, "error": None}
    return patch({**everything, **body}, now=now, retention=retention)


def patch(body: Mapping[str, Any], *, now: datetime, retention: Callable[[], timedelta]) -> Change:
    """Create the change that a merge patch (RFC 7396) valid under ``job-patch`` describes.

    A patch without a status is a progress report, which only a RUNNING job takes.

    Args:
        body: Fields to change; None clears one.
        now: The time of the change.
        retention: Returns the time that a job is kept after its end; called if this change ends it.

    Raises:
        RuleBroken: The fields contradict each other.
    """
    status = Status(body.get("status", Status.RUNNING))
    progress = body.get("progress")
    error = body.get("error")
    output_uri = body.get("output_uri")
    if status is Status.FAILED and error is None:
        raise RuleBroken(NOUN, "/error", "is required with status FAILED")
    if status is not Status.FAILED and error is not None:
        raise RuleBroken(NOUN, "/error", "is allowed only with status FAILED")
    if status is not Status.SUCCEEDED and output_uri is not None:
        raise RuleBroken(NOUN, "/output_uri", "is allowed only with status SUCCEEDED")
    if status is Status.PENDING and progress:
        raise RuleBroken(NOUN, "/progress", "must be 0 or absent with status PENDING")

    assign: dict[str, Any] = {"status": status, "updated_at": timestamp(now)}
    keep: dict[str, Any] = {}
    clear: set[str] = set()
    if "progress" in body or status is Status.PENDING:
        assign["progress"] = progress or 0
    for name, value in (("output_uri", output_uri), ("error", error)):
        if value is not None:
            assign[name] = value
        else:
            # Only one status allows the field, so every other status clears it.
            clear.add(name)
    if status is Status.RUNNING:
        keep["started_at"] = timestamp(now)
    if status in ENDED:
        assign["finished_at"] = timestamp(now)
        assign["expires_at"] = int((now + retention()).timestamp())
    if status is Status.PENDING:
        clear |= {"started_at", "finished_at", "expires_at"}
    return Change(
        sources=frozenset(before for before, after in NEXT.items() if status in after)
        if "status" in body
        else frozenset({Status.RUNNING}),
        status=status,
        assign=assign,
        keep=keep,
        clear=frozenset(clear),
        new_attempt=status is Status.PENDING,
    )


def event_of(change: Change, job: Job) -> str | None:
    """Name the event that a change caused; None for a progress report.

    Args:
        change: The change.
        job: The job, at some time after the change.
    """
    if change.status is Status.RUNNING:
        return "started" if job.started_at == change.keep["started_at"] else None
    return "retried" if change.new_attempt else change.status.lower()


def durations(event: str, job: Job) -> dict[str, float]:
    """Return the durations that an event completes, in milliseconds, by metric.

    The time at which a second attempt began to wait is not stored, so it has no QueueTime.

    Args:
        event: The event, as :func:`event_of` names it.
        job: The job, at some time after the event.
    """
    if event == "started" and job.started_at and job.attempt == 1:
        return {"QueueTime": _milliseconds(job.created_at, job.started_at)}
    if event in _ENDINGS and job.started_at and job.finished_at:
        return {"RunTime": _milliseconds(job.started_at, job.finished_at)}
    return {}


def _milliseconds(start: str, end: str) -> float:
    return (datetime.fromisoformat(end) - datetime.fromisoformat(start)) / timedelta(milliseconds=1)
