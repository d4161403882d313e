"""``ops map``: who called whom, how often, how fast and with what success, as X-Ray saw it.

AWS and the local run answer the same question, GetServiceGraph, so the map is the same for both.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer
from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console
from rich.table import Table

from infra.spec.stages import STAGES, Stage
from ops import deployment, service_map_svg
from ops.options import StageName, a_moment, fail

MAX_MINUTES = 6 * 60
"""X-Ray shows no longer time at once."""

_QUANTILES = (50, 95, 99)
_CLIENT, _GATEWAY, _LAMBDA = "client", "AWS::ApiGateway::Stage", "AWS::Lambda"
_TITLES = {
    _CLIENT: ("Callers", ""),
    _GATEWAY: ("API Gateway", "REST API"),
    "AWS::DynamoDB::Table": ("DynamoDB", "jobs"),
    "AWS::S3::Bucket": ("S3", "log archive"),
    "AWS::SSM": ("Parameter Store", "configuration"),
}
"""What the services are called here, and what we use them for, by X-Ray's type."""

Service = Mapping[str, Any]
"""A service as GetServiceGraph describes it."""


@dataclass(frozen=True)
class Traffic:
    """Requests, and what became of them.

    Attributes:
        requests: How many there were.
        errors: How many the caller was to blame for (4xx, throttled ones included).
        faults: How many the service was to blame for (5xx).
        histogram: How many of them took how many seconds.
    """

    requests: int = 0
    errors: int = 0
    faults: int = 0
    histogram: Mapping[float, int] = field(default_factory=dict)

    def __add__(self, other: "Traffic") -> "Traffic":
        return Traffic(
            self.requests + other.requests,
            self.errors + other.errors,
            self.faults + other.faults,
            Counter(self.histogram) + Counter(other.histogram),
        )

    @property
    def error_rate(self) -> float:
        """The share of errors, from 0 to 1."""
        return self.errors / self.requests if self.requests else 0.0

    @property
    def fault_rate(self) -> float:
        """The share of faults, from 0 to 1."""
        return self.faults / self.requests if self.requests else 0.0

    def quantile(self, percent: int) -> float | None:
        """The time in milliseconds that ``percent`` of the requests did not exceed."""
        left = sum(self.histogram.values()) * percent / 100
        for seconds, count in sorted(self.histogram.items()):
            left -= count
            if left <= 0:
                return seconds * 1000
        return None

    def present(self) -> dict[str, Any]:
        """It for machines."""
        return {
            "requests": self.requests,
            "errors": self.errors,
            "faults": self.faults,
            "error_rate": round(self.error_rate, 4),
            "fault_rate": round(self.fault_rate, 4),
            **{f"p{percent}_ms": self.quantile(percent) for percent in _QUANTILES},
        }


@dataclass(frozen=True, order=True)
class Node:
    """A service on the map.

    Attributes:
        title: What it is called here.
        role: What it is, or is used for.
        name: What AWS calls it.
        type: What AWS calls its kind.
    """

    title: str
    role: str
    name: str
    type: str


@dataclass(frozen=True)
class ServiceMap:
    """The services of a deployment, and the calls between them.

    Attributes:
        stage: The stage's name.
        since: The first moment of the time that it shows.
        until: The last one.
        nodes: What each service has answered; empty for the callers, whom nobody calls.
        edges: What has gone from one to another.
    """

    stage: str
    since: datetime
    until: datetime
    nodes: Mapping[Node, Traffic]
    edges: Mapping[tuple[Node, Node], Traffic]

    def present(self) -> dict[str, Any]:
        """It for machines."""
        return {
            "stage": self.stage,
            "since": self.since.isoformat(),
            "until": self.until.isoformat(),
            "nodes": [{**asdict(node), **t.present()} for node, t in self.nodes.items()],
            "edges": [
                {"from": caller.title, "to": called.title, **traffic.present()}
                for (caller, called), traffic in self.edges.items()
            ],
        }


def service_map(xray: Any, stage: Stage, since: datetime, until: datetime) -> ServiceMap:
    """The map of a stage for a time.

    Args:
        xray: A boto3 client.
        stage: The stage; other services of the account are left out.
        since: The first moment.
        until: The last one, at most ``MAX_MINUTES`` later.

    Raises:
        ClientError, BotoCoreError: AWS does not show it.
    """
    pages = xray.get_paginator("get_service_graph").paginate(StartTime=since, EndTime=until)
    services = {each["ReferenceId"]: each for page in pages for each in page["Services"]}
    ours = _reached(services, f"{stage.prefix}/{stage.name}")
    names = {number: _node(services[number], stage) for number in ours}
    nodes: dict[Node, Traffic] = {}
    edges: dict[tuple[Node, Node], Traffic] = {}
    for number in ours:
        service = services[number]
        if service["Type"] != f"{_LAMBDA}::Function":
            nodes[names[number]] = _traffic(service)
        for edge in service.get("Edges", ()):
            # Lambda's service and the function's code are two services to X-Ray, one to us.
            if edge["ReferenceId"] in names and names[number] != names[edge["ReferenceId"]]:
                way = (names[number], names[edge["ReferenceId"]])
                edges[way] = edges.get(way, Traffic()) + _traffic(edge)
    # Of what is not traced itself, X-Ray may tell only what its callers saw.
    for node, traffic in nodes.items():
        arriving = sum((t for (_, called), t in edges.items() if called == node), Traffic())
        if not traffic.requests:
            nodes[node] = arriving
        elif not traffic.histogram:
            nodes[node] = replace(traffic, histogram=arriving.histogram)
    return ServiceMap(stage.name, since, until, nodes, edges)


def _reached(services: Mapping[int, Service], gateway: str) -> list[int]:
    """The numbers of the gateway, its callers, and everything that it calls, near or far."""
    found = [
        number
        for number, service in services.items()
        if (service["Name"], service["Type"]) == (gateway, _GATEWAY)
    ]
    callers = [
        number
        for number, service in services.items()
        if service["Type"] == _CLIENT and set(_called(service)).intersection(found)
    ]
    for number in found:
        called = dict.fromkeys(_called(services[number]))
        found.extend(each for each in called if each in services and each not in found)
    return callers + found


def _called(service: Service) -> Iterator[int]:
    return (edge["ReferenceId"] for edge in service.get("Edges", ()))


def _node(service: Service, stage: Stage) -> Node:
    name, type_ = str(service["Name"]), str(service["Type"])
    if type_.startswith(_LAMBDA):
        return Node(name.removeprefix(f"{stage.prefix}-"), "Lambda function", name, _LAMBDA)
    return Node(*_TITLES.get(type_, (name, type_)), name, type_)


def _traffic(described: Mapping[str, Any]) -> Traffic:
    statistics = described.get("SummaryStatistics", {})
    return Traffic(
        requests=statistics.get("TotalCount", 0),
        errors=statistics.get("ErrorStatistics", {}).get("TotalCount", 0),
        faults=statistics.get("FaultStatistics", {}).get("TotalCount", 0),
        histogram={
            entry["Value"]: entry["Count"] for entry in described.get("ResponseTimeHistogram", ())
        },
    )


def tables(shown: ServiceMap) -> Iterator[Table]:
    """The map for a terminal: its services, and the calls between them."""
    nodes = _table("Service")
    for node, traffic in shown.nodes.items():
        if traffic.requests:
            nodes.add_row(node.title, *_cells(traffic))
    yield nodes
    edges = _table("From", "To")
    for (caller, called), traffic in shown.edges.items():
        edges.add_row(caller.title, called.title, *_cells(traffic))
    yield edges


def _table(*first: str) -> Table:
    table = Table(box=None, header_style="bold", pad_edge=False)
    for title in first:
        table.add_column(title, style="bold")
    for title in ("requests", "4xx", "5xx", *(f"p{percent}" for percent in _QUANTILES)):
        table.add_column(title, justify="right", no_wrap=True)
    return table


def _cells(traffic: Traffic) -> Iterator[str]:
    yield f"{traffic.requests:,}"
    yield _share(traffic.error_rate, "yellow")
    yield _share(traffic.fault_rate, "red")
    for percent in _QUANTILES:
        quantile = traffic.quantile(percent)
        yield "" if quantile is None else f"{service_map_svg.milliseconds(quantile)}"


def _share(share: float, style: str) -> str:
    return f"[{style}]{share:.1%}[/]" if share else "[dim]0[/]"


def map_(
    *,
    stage: StageName = None,
    minutes: Annotated[
        int, typer.Option(min=1, max=MAX_MINUTES, help="How much time to show.")
    ] = 60,
    to: Annotated[
        datetime | None,
        typer.Option(parser=a_moment, metavar="TIME", help="Until when: 2026-01-31T10:30+01:00"),
    ] = None,
    svg: Annotated[
        Path | None, typer.Option(dir_okay=False, help="Draw it into this file.")
    ] = None,
    raw: Annotated[bool, typer.Option("--json", help="The map for machines.")] = False,
) -> None:
    """Show who called whom: requests, errors and times, as a table and as a picture.

    On AWS, X-Ray samples: the first request of each second and one in twenty of the others. The
    local run traces every request.
    """
    until = to or datetime.now(UTC)
    try:
        found = deployment.find(stage)
        shown = service_map(
            found.client("xray"),
            STAGES[found.outputs["Stage"]],
            until - timedelta(minutes=minutes),
            until,
        )
    except deployment.NoTarget as error:
        fail(str(error))
    except (ClientError, BotoCoreError) as error:
        fail(f"X-Ray cannot be asked: {error}")
    if not shown.nodes:
        fail(f"X-Ray has seen no request in these {minutes} minutes; try more --minutes.")
    if svg:
        svg.write_text(service_map_svg.draw(shown))
    out = Console()
    if raw:
        out.print_json(json.dumps(shown.present()))
        return
    for table in tables(shown):
        out.print(table, "")
    if svg:
        out.print(f"The picture is in {svg}.", highlight=False)
