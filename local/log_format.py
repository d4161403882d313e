"""Format the log lines of the functions and of the API for people."""

import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

from rich.cells import cell_len
from rich.text import Text

from infra.spec.routes import ROUTES

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
_SECONDS = len("00:00:00")
_ROUTE_WIDTH = min(36, max(len(f"{route.method} {route.path}") for route in ROUTES))
"""The width of the column with the route; a longer one shifts the rest of its line."""

_NONE = "-"
"""The value of a field of the access log that has no value."""

_INTEGRATION_STATUS = "integration_status"
"""A field that only lines of the access log have."""


def readable_lines(
    lines: Iterable[str], *, dated: bool = False, width: int | None = None
) -> Iterator[Text]:
    """Format log lines for people, with local times.

    Metrics in the embedded metric format and Lambda's own lines are left out. Of the API's access
    log, only the requests remain that never reached a function.

    Args:
        lines: The lines as they were logged.
        dated: Also show the date.
        width: The columns of the terminal, for the most important fields in one row; None for all
            fields.
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
            continue
        # With a level, a line of the access log has the form of a function's line already.
        if _INTEGRATION_STATUS in record and "level" not in record:
            if not _is_refused(record):
                continue
            record = _refused_request(record)
        if "_aws" in record:
            continue
        if width is None:
            yield _format_record(record, time_format)
        else:
            row = _format_row(record, width, _ROUTE_WIDTH)
            # The id of the request is worth more than the alignment.
            if str(record.get("request_id", "")) not in row.plain:
                row = _format_row(record, width, 0)
            yield row


def _is_refused(access: dict[str, Any]) -> bool:
    """Return True if API Gateway answered a request with an error, and called no function."""
    return access[_INTEGRATION_STATUS] == _NONE and int(access["status"]) >= 400


def _refused_request(access: dict[str, Any]) -> dict[str, Any]:
    """Return a line of the access log in the form of a function's line."""
    status, route = int(access["status"]), access["route"]
    if "+}" in route:
        # No route has the path; its first part is the stage.
        route = f"/{access['path'].partition('/')[2].partition('/')[2]}"
    record = {
        "timestamp": datetime.fromtimestamp(int(access["time"]) / 1000, UTC).isoformat(),
        "level": "ERROR" if status >= 500 else "WARNING",
        "request_id": access["request_id"],
        "route": f"{access['method']} {route}",
        "status": status,
        "latency_ms": float(access["latency_ms"]),
        # A mock integration that answers with an error is none of API Gateway's own errors.
        "detail": access["error_type"] if access["error_type"] != _NONE else "by API Gateway",
        **{name: access[name] for name in ("error", "caller", "api_key_id")},
    }
    return {name: value for name, value in record.items() if value != _NONE}


def _format_row(record: dict[str, Any], width: int, route_width: int) -> Text:
    """Format a record with the fields that fit into a row, the most important ones first."""
    level = str(record.get("level", ""))
    text = Text.assemble(
        (f"{_format_time(record, _TIME)[:_SECONDS]}  ", "dim"),
        (f"{record.get('route', ''):<{route_width}}  ", "bold"),
    )
    is_answer, failed = "status" in record, level in _LEVELS
    if is_answer:
        status = record["status"]
        text.append(f"{status}", _STATUSES.get(int(status) // 100, ""))
        text.append(f"{record.get('latency_ms', 0):6.0f} ms")
    else:
        text.append(f"{level} " if failed else "", _LEVELS.get(level, ""))
        text.append(f"{record.get('message', '')}")
    names = [*(("detail",) if failed else ()), "request_id"]
    names += [name for name in record if name not in names and name not in _NOT_LISTED]
    for name in names:
        value = record.get(name)
        if value in ("", None):
            continue
        field = f"  {value}" if name in ("detail", "request_id") else f"  {name}={value}"
        if text.cell_len + cell_len(field) > width and name != "detail":
            break
        text.append(field, "dim" if name != "detail" else "")
    text.truncate(width, overflow="ellipsis")
    if "exception" in record:
        text.append(f"\n{record['exception']}", "red")
    return text


def _format_record(record: dict[str, Any], time_format: str) -> Text:
    level = str(record.get("level", ""))
    text = Text.assemble(
        (f"{_format_time(record, time_format)}  ", "dim"),
        (f"{level:<8}", _LEVELS.get(level, "cyan")),
        (f"{record.get('route', ''):<{_ROUTE_WIDTH}}  ", "bold"),
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
