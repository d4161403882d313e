"""Format the functions' log lines for people."""

import json
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from rich.text import Text

_LEVELS = {"WARNING": "yellow", "ERROR": "red", "CRITICAL": "red"}
_STATUSES = {2: "green", 4: "yellow", 5: "red"}
# These have their own column, or are of no use to a reader.
_NOT_LISTED = {
    *("timestamp", "level", "message", "route", "status", "latency_ms"),
    *("exception", "exception_name", "stack_trace", "location", "service", "xray_trace_id"),
}
# Lambda logs these lines for every invocation.
_PLATFORM = ("START ", "END ", "REPORT ", "INIT_START ")
_TIME = "%H:%M:%S.%f"


def readable_lines(lines: Iterable[str], *, dated: bool = False) -> Iterator[Text]:
    """Format log lines for people, with local times.

    Metrics in the embedded metric format and Lambda's own lines are left out.

    Args:
        lines: The lines as they were logged.
        dated: Also show the date.
    """
    time_format = f"%Y-%m-%d {_TIME}" if dated else _TIME
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
            yield _format_record(record, time_format)


def _format_record(record: dict[str, Any], time_format: str) -> Text:
    level = str(record.get("level", ""))
    text = Text.assemble(
        (f"{_format_time(record, time_format)}  ", "dim"),
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


def _format_time(record: dict[str, Any], time_format: str) -> str:
    try:
        time = datetime.fromisoformat(record["timestamp"]).astimezone()
    except (KeyError, ValueError):
        return ""
    return time.strftime(time_format)[:-3]
