"""The rules of a job that its schema and its transitions cannot express."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from common.contract import compact_json
from common.crud.entity import Change, Item, Rules
from common.exceptions import RuleBroken

MAX_PARAMETERS_BYTES = 16 * 1024


class Status(StrEnum):
    """The state of a job."""

    PENDING = "PENDING"
    RUNNING = "RUNNING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"


ENDED = frozenset({Status.SUCCEEDED, Status.FAILED, Status.CANCELLED})

_ENDINGS = tuple(status.lower() for status in Status if status in ENDED)
EVENTS = ("started", "retried", *_ENDINGS)
DURATIONS = ("QueueTime", "RunTime")


class JobRules(Rules):
    """A job runs in attempts, and ends with an output or an error."""

    def check_new(self, item: Item) -> None:
        if len(compact_json(item["parameters"]).encode()) > MAX_PARAMETERS_BYTES:
            raise RuleBroken("/parameters", f"must be at most {MAX_PARAMETERS_BYTES} bytes as JSON")

    def complete(self, change: Change, body: Item) -> Change:
        # A change without a status is a progress report, which only a RUNNING job takes.
        status = change.status or Status.RUNNING
        _check(status, body)
        assign: dict[str, Any] = {**change.assign}
        keep: dict[str, Any] = {}
        # Only one status allows the field, so every other status clears it.
        clear = {*change.clear, *({"output_uri", "error"} - assign.keys())}
        if status == Status.RUNNING:
            keep["started_at"] = change.time
        if status in ENDED:
            assign["finished_at"] = change.time
        if status == Status.PENDING:
            assign["progress"] = 0
            clear |= {"started_at", "finished_at"}
        return replace(
            change,
            assign=assign,
            keep=keep,
            clear=frozenset(clear),
            increment=frozenset({"attempt"} if status == Status.PENDING else ()),
        )

    def event(self, change: Change, item: Item, filled: frozenset[str]) -> str | None:  # noqa: ARG002
        match change.status or Status.RUNNING:
            case Status.RUNNING:
                return "started" if "started_at" in filled else None
            case Status.PENDING:
                return "retried"
            case ending:
                return ending.lower()

    def durations(self, event: str, item: Item) -> Mapping[str, float]:
        # The time at which a second attempt began to wait is not stored, so it has no QueueTime.
        if event == "started" and "started_at" in item and item["attempt"] == 1:
            return {"QueueTime": _milliseconds(item["created_at"], item["started_at"])}
        if event in _ENDINGS and {"started_at", "finished_at"} <= item.keys():
            return {"RunTime": _milliseconds(item["started_at"], item["finished_at"])}
        return {}


def _check(status: str, body: Item) -> None:
    error = body.get("error")
    if status == Status.FAILED and error is None:
        raise RuleBroken("/error", "is required with status FAILED")
    if status != Status.FAILED and error is not None:
        raise RuleBroken("/error", "is allowed only with status FAILED")
    if status != Status.SUCCEEDED and body.get("output_uri") is not None:
        raise RuleBroken("/output_uri", "is allowed only with status SUCCEEDED")
    if status == Status.PENDING and body.get("progress"):
        raise RuleBroken("/progress", "must be 0 or absent with status PENDING")


def _milliseconds(start: str, end: str) -> float:
    return (datetime.fromisoformat(end) - datetime.fromisoformat(start)) / timedelta(milliseconds=1)
