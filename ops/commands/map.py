"""``ops map``: shows the service graph as tables, JSON or an SVG picture."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer
from botocore.exceptions import BotoCoreError, ClientError
from rich.table import Table

from infra.spec.stages import STAGES
from ops.deployment import NoDeployment, find_deployment
from ops.durations import format_milliseconds
from ops.options import StageOption, fail, parse_time
from ops.output import stdout_console
from ops.service_graph import (
    LONGEST_PERIOD,
    PERCENTILES,
    ServiceGraph,
    Traffic,
    fetch_service_graph,
)
from ops.service_map_svg import draw_service_map


def command(
    *,
    stage: StageOption = None,
    minutes: Annotated[
        int,
        typer.Option(
            min=1, max=LONGEST_PERIOD // timedelta(minutes=1), help="Length of the period."
        ),
    ] = 60,
    to: Annotated[
        datetime | None,
        typer.Option(
            parser=parse_time,
            metavar="TIME",
            help="End of the period, such as 2026-01-31T10:30+01:00. Default: now.",
        ),
    ] = None,
    svg: Annotated[
        Path | None, typer.Option(dir_okay=False, help="Also draw the map into this file.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the map as JSON.")] = False,
) -> None:
    """Show which service calls which: requests, errors and response times.

    On AWS, X-Ray samples the first request of each second and 5% of the others. The local run
    traces every request.
    """
    until = to or datetime.now(UTC)
    try:
        deployment = find_deployment(stage)
        graph = fetch_service_graph(
            deployment.client("xray"),
            STAGES[deployment.outputs["Stage"]],
            until - timedelta(minutes=minutes),
            until,
        )
    except NoDeployment as error:
        fail(str(error))
    except (ClientError, BotoCoreError) as error:
        fail(f"The call to X-Ray failed: {error}")
    if not graph.nodes:
        fail(f"X-Ray has recorded no request in these {minutes} minutes. Try more --minutes.")
    if svg:
        _write(svg, draw_service_map(graph))
    console = stdout_console(soft_wrap=False)
    if as_json:
        console.print_json(json.dumps(graph.as_dict()))
        return
    for table in tables(graph):
        console.print(table, "")
    if svg:
        console.print(f"The picture is in {svg}.", highlight=False)


def _write(file: Path, text: str) -> None:
    try:
        file.write_text(text)
    except OSError as error:
        fail(f"{file} cannot be written: {error.strerror}.")


def tables(graph: ServiceGraph) -> Iterator[Table]:
    """Yield the graph as two tables for a terminal: its services and the calls between them."""
    nodes = _table("Service")
    for node, traffic in graph.nodes.items():
        if traffic.requests:
            nodes.add_row(node.title, *_cells(traffic))
    yield nodes
    edges = _table("From", "To")
    for (caller, callee), traffic in graph.edges.items():
        edges.add_row(caller.title, callee.title, *_cells(traffic))
    yield edges


def _table(*names: str) -> Table:
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in names:
        table.add_column(name, style="bold")
    for name in ("requests", "4xx", "5xx", *(f"p{percent}" for percent in PERCENTILES)):
        table.add_column(name, justify="right", no_wrap=True)
    return table


def _cells(traffic: Traffic) -> Iterator[str]:
    yield f"{traffic.requests:,}"
    yield _share(traffic.error_rate, "yellow")
    yield _share(traffic.fault_rate, "red")
    for percent in PERCENTILES:
        duration = traffic.percentile(percent)
        yield "" if duration is None else format_milliseconds(duration)


def _share(share: float, style: str) -> str:
    return f"[{style}]{share:.1%}[/]" if share else "[dim]0[/]"
