"""``ops find``: shows everything recorded about one request, by its id.

Every answer carries the id in the header ``X-Request-Id``, and every problem document in its body.
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
from rich.text import Text
from rich.tree import Tree

from infra.spec.output_names import API_ACCESS_LOGS, function_logs
from infra.spec.routes import FUNCTIONS
from local.log_format import readable_lines
from ops.deployment import Deployment, NoDeployment, find_deployment
from ops.durations import format_milliseconds
from ops.log_search import LogArchive, LogFilter
from ops.options import StageOption, fail
from ops.output import UNLIMITED, stdout_console

LOG_GROUP_OUTPUTS = (*(function_logs(function) for function in FUNCTIONS), API_ACCESS_LOGS)
"""The stack outputs with the names of the log groups that record requests."""

_MAX_PATTERN = 1_000
"""The characters that a filter pattern may have, less some for its quotation marks."""
_SECOND = timedelta(seconds=1)

Line = Mapping[str, Any]
"""A parsed log line."""

Segment = Mapping[str, Any]
"""A segment or subsegment of an X-Ray trace."""


@dataclass(frozen=True)
class RequestRecords:
    """Everything recorded about one request."""

    log: list[Line]
    """The lines in CloudWatch Logs, including the API's access log."""

    archive: list[Line]
    """The lines in the archive."""

    trace: list[Segment]
    """The segments of the trace; empty if the request was not sampled."""


def find_records(deployment: Deployment, request_id: str, since: datetime) -> RequestRecords:
    """Collect the records of a request.

    Args:
        deployment: The deployment that received the request.
        request_id: The request's id.
        since: The earliest time at which the request may have happened.

    Raises:
        ClientError, BotoCoreError: A call to AWS failed.
    """
    logs, outputs = deployment.client("logs"), deployment.outputs
    with ThreadPoolExecutor(len(LOG_GROUP_OUTPUTS)) as pool:
        lines_by_group = pool.map(
            lambda output: _logged_lines(logs, outputs[output], request_id, since),
            LOG_GROUP_OUTPUTS,
        )
        log = [line for lines in lines_by_group for line in lines]
    times = [datetime.fromisoformat(line["timestamp"]) for line in log if "timestamp" in line]
    conditions = LogFilter(
        since=min(times) - _SECOND if times else since,
        until=max(times) + _SECOND if times else datetime.now(UTC),
        fields={"request_id": request_id},
    )
    archive = LogArchive(deployment.client("s3"), outputs["ArchiveBucketName"])
    archived = [json.loads(line) for line in archive.lines(archive.keys(conditions), conditions)]
    trace_ids = {line.get("xray_trace_id") or line.get("trace_id") for line in (*log, *archived)}
    trace = _trace(deployment.client("xray"), trace_ids - {None, "-"})
    return RequestRecords(log, archived, trace)


def _logged_lines(logs: Any, group: str, request_id: str, since: datetime) -> list[Line]:
    pages = logs.get_paginator("filter_log_events").paginate(
        logGroupName=group,
        startTime=int(since.timestamp() * 1000),
        filterPattern=_filter_pattern(request_id),
    )
    messages = (event["message"] for page in pages for event in page["events"])
    lines = [line for line in map(_parsed, messages) if line]
    # Lines with "_aws" are metrics in the embedded metric format.
    return [
        _from_access_log(line) if "time" in line else line
        for line in lines
        if line.get("request_id") == request_id and "_aws" not in line
    ]


def _filter_pattern(request_id: str) -> str:
    """Return a pattern for all messages with an id, and maybe others; a caller may choose the id.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
    """
    words = re.findall(r"[\w-]+", request_id, re.ASCII)
    return f'"{max(words, key=len)[:_MAX_PATTERN]}"' if words else ""


def _parsed(message: str) -> Line:
    """Parse a message; one that is no JSON object is empty."""
    try:
        line = json.loads(message)
    except ValueError:
        return {}
    return line if isinstance(line, dict) else {}


def _from_access_log(line: Line) -> Line:
    """Convert a line of the API's access log, whose fields are all text, to the functions' form."""
    fields = {key: value for key, value in line.items() if value != "-"}
    return {
        **fields,
        "level": "ACCESS",
        "timestamp": datetime.fromtimestamp(int(line["time"]) / 1000, UTC).isoformat(),
        "route": f"{line['method']} {line['route']}",
        "status": int(line["status"]),
        "latency_ms": float(line["latency_ms"]),
    }


def _trace(xray: Any, ids: set[Any]) -> list[Segment]:
    if not ids:
        return []
    pages = xray.get_paginator("batch_get_traces").paginate(TraceIds=sorted(ids))
    return [
        json.loads(segment["Document"])
        for page in pages
        for trace in page["Traces"]
        for segment in trace["Segments"]
    ]


def trace_tree(segments: list[Segment]) -> Tree:
    """Return a trace as a tree for a terminal: who called whom, when, and how long it took."""
    spans = {span["id"]: span for segment in segments for span in _flattened(segment, None)}
    start = min(span["start_time"] for span in spans.values())
    root = Tree("[bold]Trace[/]", guide_style="dim")
    branches: dict[str, Tree] = {}

    def branch(span_id: str | None) -> Tree:
        if span_id is None or span_id not in spans:
            return root
        if span_id not in branches:
            span = spans[span_id]
            branches[span_id] = branch(span.get("parent_id")).add(_span_text(span, start))
        return branches[span_id]

    for span_id in sorted(spans, key=lambda each: float(spans[each]["start_time"])):
        branch(span_id)
    return root


def _flattened(segment: Segment, parent_id: str | None) -> Iterator[Segment]:
    yield {"parent_id": parent_id, **segment}
    for subsegment in segment.get("subsegments", ()):
        yield from _flattened(subsegment, segment["id"])


def _span_text(span: Segment, start: float) -> Text:
    style = "red" if span.get("fault") else "yellow" if span.get("error") else "green"
    text = Text.assemble((span["name"], "bold"))
    for detail in (span.get("origin"), span.get("aws", {}).get("operation")):
        if detail:
            text.append(f"  {detail}")
    if status := span.get("http", {}).get("response", {}).get("status"):
        text.append(f"  {status}", style)
    # A segment in progress has no end time yet.
    duration = (span.get("end_time", start) - span["start_time"]) * 1000
    offset = (span["start_time"] - start) * 1000
    text.append(f"  {format_milliseconds(duration)}")
    text.append(f"  +{format_milliseconds(offset)}", "dim")
    for key, value in span.get("annotations", {}).items():
        text.append(f"  {key}=", "dim").append(f"{value}", "dim")
    return text


def _parse_request_id(text: str) -> str:
    if not text or not text.isprintable():
        raise typer.BadParameter(f"{text} is not a request id.")
    return text


def command(
    request_id: Annotated[
        str,
        typer.Argument(
            parser=_parse_request_id,
            metavar="REQUEST_ID",
            help="The id in the header X-Request-Id or in a problem document.",
        ),
    ],
    *,
    stage: StageOption = None,
    days: Annotated[int, typer.Option(min=1, help="Days to look back.")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="Print the records as JSON.")] = False,
) -> None:
    """Show everything recorded about one request: log lines, archived lines and its trace."""
    try:
        since = datetime.now(UTC) - timedelta(days=days)
        records = find_records(find_deployment(stage), request_id, since)
    except NoDeployment as error:
        fail(str(error))
    except (ClientError, BotoCoreError) as error:
        fail(f"The call to AWS failed: {error}")
    if not records.log and not records.archive:
        fail(
            f"There is no record of request {request_id} in the last {24 * days} hours."
            " Try more --days."
        )
    console = stdout_console()
    if as_json:
        console.print_json(json.dumps(asdict(records)))
        return
    for title, lines in (("Log", records.log), ("Archive", records.archive)):
        console.print(f"[bold]{title}[/]" if lines else f"[bold]{title}[/]  [dim]nothing yet[/]")
        for text in readable_lines(map(json.dumps, lines), dated=True):
            console.print(text)
        console.print()
    if records.trace:
        # Rich truncates a tree at its console's width, even where the terminal would wrap.
        console.width = UNLIMITED
        console.print(trace_tree(records.trace))
    else:
        console.print("[bold]Trace[/]  [dim]not sampled[/]")
