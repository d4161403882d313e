"""The functions' log lines, made readable."""

import json
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from rich.text import Text

_LEVELS = {"WARNING": "yellow", "ERROR": "red", "CRITICAL": "red"}
_STATUSES = {2: "green", 4: "yellow", 5: "red"}
# Shown in columns of their own, or of no use to the eye.
_NOT_LISTED = {
    *("timestamp", "level", "message", "route", "status", "latency_ms"),
    *("exception", "exception_name", "stack_trace", "location", "service", "xray_trace_id"),
}
# What Lambda itself says of every invocation.
_PLATFORM = ("START ", "END ", "REPORT ", "INIT_START ")
_TIME = "%H:%M:%S.%f"


def readable_lines(lines: Iterable[str], *, dated: bool = False) -> Iterator[Text]:
    """The lines for people to read; without those that are for machines.

    Left out are metrics in the embedded metric format, and Lambda's own lines. Times are local.

    Args:
        lines: The lines as they were logged.
        dated: Show the date too.
    """
    form = f"%Y-%m-%d {_TIME}" if dated else _TIME
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
            yield _record(record, form)


def _record(record: dict[str, Any], form: str) -> Text:
    level = str(record.get("level", ""))
    text = Text.assemble(
        (f"{_time(record, form)}  ", "dim"),
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
    if "exception" in record:
        text.append(f"\n{record['exception']}", "red")
    return text


def _time(record: dict[str, Any], form: str) -> str:
    try:
        moment = datetime.fromisoformat(record["timestamp"]).astimezone()
    except (KeyError, ValueError):
        return ""
    return moment.strftime(form)[:-3]
