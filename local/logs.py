"""The functions' structured log, followed in CloudWatch Logs and made readable."""

import json
from collections.abc import Iterable, Iterator
from datetime import datetime
from operator import itemgetter
from typing import Any

from rich.text import Text

from infra.routes import FUNCTIONS
from local import aws
from local.home import Endpoint

_LEVELS = {"WARNING": "yellow", "ERROR": "red", "CRITICAL": "red"}
_STATUSES = {2: "green", 4: "yellow", 5: "red"}
# Shown in columns of their own, or of no use to the eye.
_NOT_LISTED = {
    *("timestamp", "level", "message", "route", "status", "latency_ms"),
    *("exception", "exception_name", "stack_trace", "location", "service", "xray_trace_id"),
}
# What Lambda itself says of every invocation.
_PLATFORM = ("START ", "END ", "REPORT ", "INIT_START ")

_Event = tuple[int, str, str]


class LogFollower:
    """Reads what the functions log, each line once.

    Args:
        endpoint: The deployed service.
    """

    def __init__(self, endpoint: Endpoint) -> None:
        self._logs = aws.client("logs", endpoint.aws_endpoint_url)
        self._groups = [endpoint.outputs[f"{function.title()}Logs"] for function in FUNCTIONS]
        self._seen: dict[str, set[_Event]] = {group: set() for group in self._groups}

    def new(self) -> list[str]:
        """The lines since the last call, oldest first."""
        events = [event for group in self._groups for event in self._new_in(group)]
        return [line for _, _, line in sorted(events, key=itemgetter(0))]

    def _new_in(self, group: str) -> Iterator[_Event]:
        seen = self._seen[group]
        # Events have no identity here, so those of the last millisecond are read once more.
        since = max((at for at, _, _ in seen), default=0)
        pages = self._logs.get_paginator("filter_log_events").paginate(
            logGroupName=group, startTime=since
        )
        events = [
            (event["timestamp"], event["logStreamName"], event["message"])
            for page in pages
            for event in page["events"]
        ]
        self._seen[group] = set(events)
        return (event for event in events if event not in seen)


def readable(lines: Iterable[str]) -> Iterator[Text]:
    """The lines for people to read; without those that are for machines.

    Left out are metrics in the embedded metric format, and Lambda's own lines.
    """
    for line in lines:
        try:
            record = json.loads(line)
        except json.JSONDecodeError:
            if not line.startswith(_PLATFORM):
                yield Text(line, style="dim")
            continue
        if not isinstance(record, dict):
            yield Text(line, style="dim")
        elif "_aws" not in record:
            yield _record(record)


def _record(record: dict[str, Any]) -> Text:
    level = str(record.get("level", ""))
    text = Text.assemble(
        (f"{_time(record)}  ", "dim"),
        (f"{level:<8}", _LEVELS.get(level, "cyan")),
        (f"{record.get('route', ''):<23}", "bold"),
    )
    if "status" in record:
        status = record["status"]
        text.append(f"{status}", _STATUSES.get(int(status) // 100, ""))
        text.append(f"{record.get('latency_ms', 0):8.0f} ms")
    else:
        text.append(f"{record.get('message', '')}")
    for key, value in record.items():
        if key not in _NOT_LISTED and value not in ("", None):
            text.append(f"  {key}=", "dim").append(f"{value}", "dim")
    for key in ("exception", "stack_trace"):
        if key in record:
            text.append(f"\n{record[key]}", "red")
    return text


def _time(record: dict[str, Any]) -> str:
    try:
        moment = datetime.fromisoformat(record["timestamp"]).astimezone()
    except (KeyError, ValueError):
        return " " * len("00:00:00.000")
    return moment.strftime("%H:%M:%S.%f")[:-3]
