"""``ops find``: all that one request has left behind, by its id.

The id is in every answer, in the header ``X-Request-Id`` and in every problem document.
"""

import json
import re
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import typer
from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console
from rich.text import Text
from rich.tree import Tree

from infra.spec.routes import FUNCTIONS
from local.log_format import readable_lines
from ops import deployment
from ops.commands.logs import Archive, Wanted
from ops.options import StageName, fail
from ops.service_map_svg import milliseconds

GROUPS = (*(f"{function.capitalize()}Logs" for function in FUNCTIONS), "ApiAccessLogs")
"""The stack's outputs that name the log groups in which a request leaves lines."""

_TREE_WIDTH = 200
_REQUEST_ID = re.compile(r"[\w-]{1,128}")
_MOMENT = timedelta(seconds=1)

Line = Mapping[str, Any]
Span = Mapping[str, Any]


@dataclass(frozen=True)
class Trail:
    """What one request has left behind.

    Attributes:
        log: Its lines in CloudWatch Logs, the API's access log included.
        archive: Its lines in the archive.
        trace: The segments of its trace; none if it was not sampled.
    """

    log: list[Line]
    archive: list[Line]
    trace: list[Span]


def trail(found: deployment.Target, request_id: str, since: datetime) -> Trail:
    """Look for a request everywhere.

    Args:
        found: The deployment that it went to.
        request_id: The request's id.
        since: The first moment that it may have happened at.

    Raises:
        ClientError, BotoCoreError: AWS does not let us look.
    """
    logs, outputs = found.client("logs"), found.outputs
    with ThreadPoolExecutor(len(GROUPS)) as pool:
        searches = pool.map(lambda name: _logged(logs, outputs[name], request_id, since), GROUPS)
        log = [line for lines in searches for line in lines]
    times = [datetime.fromisoformat(line["timestamp"]) for line in log if "timestamp" in line]
    wanted = Wanted(
        since=min(times) - _MOMENT if times else since,
        until=max(times) + _MOMENT if times else datetime.now(UTC),
        fields={"request_id": request_id},
    )
    archive = Archive(found.client("s3"), outputs["ArchiveBucketName"])
    archived = [json.loads(line) for line in archive.lines(archive.objects(wanted), wanted)]
    ids = {line.get("xray_trace_id") or line.get("trace_id") for line in (*log, *archived)}
    return Trail(log, archived, _trace(found.client("xray"), ids - {None, "-"}))


def _logged(logs: Any, group: str, request_id: str, since: datetime) -> list[Line]:
    pages = logs.get_paginator("filter_log_events").paginate(
        logGroupName=group,
        startTime=int(since.timestamp() * 1000),
        filterPattern=f'"{request_id}"',
    )
    messages = (event["message"] for page in pages for event in page["events"])
    lines = [json.loads(message) for message in messages if message.startswith("{")]
    # Metrics are lines too, and not for people.
    return [
        _access(line) if "time" in line else line
        for line in lines
        if line.get("request_id") == request_id and "_aws" not in line
    ]


def _access(line: Line) -> Line:
    """A line of API Gateway's access log, in which everything is text, like one of ours."""
    known = {key: value for key, value in line.items() if value != "-"}
    return {
        **known,
        "level": "ACCESS",
        "timestamp": datetime.fromtimestamp(int(line["time"]) / 1000, UTC).isoformat(),
        "route": f"{line['method']} {line['route']}",
        "status": int(line["status"]),
        "latency_ms": float(line["latency_ms"]),
    }


def _trace(xray: Any, ids: set[Any]) -> list[Span]:
    if not ids:
        return []
    pages = xray.get_paginator("batch_get_traces").paginate(TraceIds=sorted(ids))
    return [
        json.loads(segment["Document"])
        for page in pages
        for each in page["Traces"]
        for segment in each["Segments"]
    ]


def tree(segments: list[Span]) -> Tree:
    """A trace for a terminal: what called what, when, and how long that took."""
    spans = {span["id"]: span for segment in segments for span in _spans(segment, None)}
    began = min(span["start_time"] for span in spans.values())
    root = Tree("[bold]Trace[/]", guide_style="dim")
    branches: dict[str, Tree] = {}

    def branch(span_id: str | None) -> Tree:
        if span_id is None or span_id not in spans:
            return root
        if span_id not in branches:
            span = spans[span_id]
            branches[span_id] = branch(span.get("parent_id")).add(_shown(span, began))
        return branches[span_id]

    for span_id in sorted(spans, key=lambda each: float(spans[each]["start_time"])):
        branch(span_id)
    return root


def _spans(segment: Span, parent_id: str | None) -> Iterator[Span]:
    yield {"parent_id": parent_id, **segment}
    for inner in segment.get("subsegments", ()):
        yield from _spans(inner, segment["id"])


def _shown(span: Span, began: float) -> Text:
    style = "red" if span.get("fault") else "yellow" if span.get("error") else "green"
    text = Text.assemble((span["name"], "bold"))
    for detail in (span.get("origin"), span.get("aws", {}).get("operation")):
        if detail:
            text.append(f"  {detail}")
    if status := span.get("http", {}).get("response", {}).get("status"):
        text.append(f"  {status}", style)
    # What is still under way has no end yet.
    took = milliseconds((span.get("end_time", began) - span["start_time"]) * 1000)
    text.append(f"  {took}").append(
        f"  +{milliseconds((span['start_time'] - began) * 1000)}", "dim"
    )
    for key, value in span.get("annotations", {}).items():
        text.append(f"  {key}=", "dim").append(f"{value}", "dim")
    return text


def _a_request_id(text: str) -> str:
    if not _REQUEST_ID.fullmatch(text):
        raise typer.BadParameter(f"{text} is no request id.")
    return text


def find(
    request_id: Annotated[str, typer.Argument(parser=_a_request_id, metavar="REQUEST_ID")],
    *,
    stage: StageName = None,
    days: Annotated[int, typer.Option(min=1, help="How far back to look.")] = 1,
    raw: Annotated[bool, typer.Option("--json", help="All of it, for machines.")] = False,
) -> None:
    """Show what one request has left behind: log lines, archived lines and its trace."""
    try:
        left = trail(deployment.find(stage), request_id, datetime.now(UTC) - timedelta(days=days))
    except deployment.NoTarget as error:
        fail(str(error))
    except (ClientError, BotoCoreError) as error:
        fail(f"AWS does not let us look: {error}")
    if not left.log and not left.archive:
        fail(f"There is no trail of {request_id} in the last {24 * days} hours; try more --days.")
    out = Console(soft_wrap=True)
    if raw:
        out.print_json(json.dumps(asdict(left)))
        return
    for title, lines in (("Log", left.log), ("Archive", left.archive)):
        out.print(f"[bold]{title}[/]" if lines else f"[bold]{title}[/]  [dim]nothing (yet)[/]")
        for text in readable_lines(map(json.dumps, lines), dated=True):
            out.print(text)
        out.print()
    if left.trace:
        # A tree is cut off at the width of its console, whatever the terminal could wrap.
        Console(width=max(out.width, _TREE_WIDTH), soft_wrap=True).print(tree(left.trace))
    else:
        out.print("[bold]Trace[/]  [dim]not sampled[/]")
