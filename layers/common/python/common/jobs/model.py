"""What a job is: its fields, its statuses, and the changes it allows.

Pure rules. A change is worked out from the request alone; the statuses that it may start
from are part of the result, so that whoever stores it can check them in the same write.
"""

import json
import re
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from typing import Any

MAX_PARAMETERS_BYTES = 16 * 1024

PIPELINE = re.compile("[a-z0-9][a-z0-9-]{0,62}")
"""What a pipeline's name looks like; the same as in the schema of a new job."""


class Status(StrEnum):
    """Where a job is in its life."""

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
"""The statuses that a job may move to, by the status it has."""

ENDED = frozenset({Status.SUCCEEDED, Status.FAILED, Status.CANCELLED})
_ENDINGS = frozenset(status.lower() for status in ENDED)

DELETABLE = frozenset(Status) - {Status.RUNNING}


class NotFound(LookupError):
    """There is no such job."""


class RuleBroken(ValueError):
    """The request asks for something that no job allows, whatever its status.

    Args:
        pointer: RFC 6901 JSON pointer to the offending member of the body.
        detail: A sentence for the caller.
    """

    def __init__(self, pointer: str, detail: str) -> None:
        super().__init__(detail)
        self.pointer = pointer
        self.detail = detail


@dataclass(frozen=True)
class Job:
    """A job as callers see it. Times are RFC 3339, UTC, in milliseconds.

    ``expires_at`` is in epoch seconds, as DynamoDB's time to live wants it. ``created_by`` is
    who registered it; jobs of a time before it was kept have none.
    """

    job_id: str
    pipeline: str
    input_uri: str
    parameters: Mapping[str, Any]
    status: Status
    progress: int
    attempt: int
    version: int
    created_at: str
    updated_at: str
    output_uri: str | None = None
    error: Mapping[str, str] | None = None
    started_at: str | None = None
    finished_at: str | None = None
    expires_at: int | None = None
    created_by: str | None = None

    def present(self) -> dict[str, Any]:
        """The fields that have a value."""
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
"""The fields that a list shows, in the order of a job's.

The indexes hold them, and DynamoDB cannot add one to an index that is there already: a new field
stays out, unless somebody puts it in.
"""


@dataclass(frozen=True)
class Change:
    """What an update does to a job that is in one of the statuses it may start from.

    Args:
        sources: The statuses that the job may have before.
        status: The status it has afterwards.
        assign: Fields that get a new value.
        keep: Fields that get this value only if they have none.
        clear: Fields that lose their value.
        new_attempt: Whether ``attempt`` grows by one.
    """

    sources: frozenset[Status]
    status: Status
    assign: Mapping[str, Any]
    keep: Mapping[str, Any] = field(default_factory=dict)
    clear: frozenset[str] = frozenset()
    new_attempt: bool = False


def timestamp(moment: datetime) -> str:
    """``moment`` in RFC 3339, UTC, with milliseconds."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def fingerprint(body: Mapping[str, Any]) -> str:
    """A hash that two bodies share if they say the same."""
    return sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()


def new_id() -> str:
    """A random job id."""
    return str(uuid.uuid4())


def derived_id(*parts: str) -> str:
    """The job id that always follows from ``parts``, such as a caller and its key."""
    return str(uuid.uuid5(uuid.NAMESPACE_OID, json.dumps(parts)))


def is_id(text: str) -> bool:
    """Whether ``text`` is a job id as this module writes them."""
    try:
        return str(uuid.UUID(text)) == text
    except ValueError:
        return False


def new(body: Mapping[str, Any], *, job_id: str, now: datetime, created_by: str) -> Job:
    """The job that a body valid under ``job-create`` registers, for whoever asks for it.

    Raises:
        RuleBroken: The parameters are too large.
    """
    parameters = body.get("parameters", {})
    if len(compact(parameters).encode()) > MAX_PARAMETERS_BYTES:
        raise RuleBroken("/parameters", f"must be at most {MAX_PARAMETERS_BYTES} bytes as JSON")
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
    """The change that a body valid under ``job-replace`` asks for.

    Fields that the body leaves out get the value of a new job.

    Args:
        body: The new value of everything a worker may change.
        now: The moment of the change.
        retention: Asked for the time that a job is kept after its end, if this change ends it.

    Raises:
        RuleBroken: The fields do not fit each other.
    """
    everything = {"progress": None, "output_uri": None, "error": None}
    return patch({**everything, **body}, now=now, retention=retention)


def patch(body: Mapping[str, Any], *, now: datetime, retention: Callable[[], timedelta]) -> Change:
    """The change that a merge patch (RFC 7396) valid under ``job-patch`` asks for.

    A patch without a status is a progress report, which only a RUNNING job takes.

    Args:
        body: Fields to change; None clears one.
        now: The moment of the change.
        retention: Asked for the time that a job is kept after its end, if this change ends it.

    Raises:
        RuleBroken: The fields do not fit each other.
    """
    status = Status(body.get("status", Status.RUNNING))
    progress = body.get("progress")
    error = body.get("error")
    output_uri = body.get("output_uri")
    if status is Status.FAILED and error is None:
        raise RuleBroken("/error", "is required with status FAILED")
    if status is not Status.FAILED and error is not None:
        raise RuleBroken("/error", "is allowed only with status FAILED")
    if status is not Status.SUCCEEDED and output_uri is not None:
        raise RuleBroken("/output_uri", "is allowed only with status SUCCEEDED")
    if status is Status.PENDING and progress:
        raise RuleBroken("/progress", "must be 0 or absent with status PENDING")

    assign: dict[str, Any] = {"status": status, "updated_at": timestamp(now)}
    keep: dict[str, Any] = {}
    clear: set[str] = set()
    if "progress" in body or status is Status.PENDING:
        assign["progress"] = progress or 0
    for name, value in (("output_uri", output_uri), ("error", error)):
        if value is not None:
            assign[name] = value
        else:
            # Only its own status allows the field, so every other status clears it.
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


def event_of(change: Change, changed: Job) -> str | None:
    """What a change has done to a job, in a word; None for a mere progress report.

    Args:
        change: The change.
        changed: The job, at some time after the change.
    """
    if change.status is Status.RUNNING:
        return "started" if changed.started_at == change.keep["started_at"] else None
    return "retried" if change.new_attempt else change.status.lower()


def durations(event: str, changed: Job) -> dict[str, float]:
    """What an event tells of the time that jobs take, in milliseconds, by metric.

    Of a job that is tried again, nobody knows any more since when it has waited this time.

    Args:
        event: What has happened to the job, as ``event_of`` says.
        changed: The job, at some time after it.
    """
    if event == "started" and changed.started_at and changed.attempt == 1:
        return {"QueueTime": _milliseconds(changed.created_at, changed.started_at)}
    if event in _ENDINGS and changed.started_at and changed.finished_at:
        return {"RunTime": _milliseconds(changed.started_at, changed.finished_at)}
    return {}


def _milliseconds(start: str, end: str) -> float:
    return (datetime.fromisoformat(end) - datetime.fromisoformat(start)) / timedelta(milliseconds=1)


def compact(value: object) -> str:
    """``value`` as JSON without spaces."""
    return json.dumps(value, separators=(",", ":"))
