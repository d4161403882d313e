"""The service graph of a deployment, as X-Ray records it: services, calls, errors and times.

AWS and the local run both answer GetServiceGraph, so the graph is the same for both.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from common.entities import ENTITIES
from infra.spec.stages import Stage

LONGEST_PERIOD = timedelta(hours=6)
"""The longest period that X-Ray returns at once."""

PERCENTILES = (50, 95, 99)
"""The percentiles of the response time that tables and JSON show."""

_CLIENT, _GATEWAY, _LAMBDA = "client", "AWS::ApiGateway::Stage", "AWS::Lambda"
_TITLES = {
    _CLIENT: ("Callers", ""),
    _GATEWAY: ("API Gateway", "REST API"),
    "AWS::DynamoDB::Table": ("DynamoDB", ", ".join(entity.plural for entity in ENTITIES)),
    "AWS::S3::Bucket": ("S3", "log archive"),
    "AWS::SSM": ("Parameter Store", "configuration"),
}
"""Title and role of each X-Ray service type."""

_XRayService = Mapping[str, Any]
"""A service in the answer of GetServiceGraph."""


@dataclass(frozen=True)
class Traffic:
    """Requests and their outcomes."""

    requests: int = 0
    """All requests."""

    errors: int = 0
    """Requests that failed through the caller's fault (4xx), throttled ones included."""

    faults: int = 0
    """Requests that failed through the service's fault (5xx)."""

    histogram: Mapping[float, int] = field(default_factory=dict)
    """Numbers of requests by response time in seconds."""

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

    def percentile(self, percent: int) -> float | None:
        """Return the response time in milliseconds that ``percent`` of the requests stay within."""
        remaining = sum(self.histogram.values()) * percent / 100
        for seconds, count in sorted(self.histogram.items()):
            remaining -= count
            if remaining <= 0:
                return seconds * 1000
        return None

    def _rounded(self, percent: int) -> float | None:
        milliseconds = self.percentile(percent)
        return None if milliseconds is None else round(milliseconds, 3)

    def as_dict(self) -> dict[str, Any]:
        """Return the traffic as a JSON object."""
        return {
            "requests": self.requests,
            "errors": self.errors,
            "faults": self.faults,
            "error_rate": round(self.error_rate, 4),
            "fault_rate": round(self.fault_rate, 4),
            **{f"p{percent}_ms": self._rounded(percent) for percent in PERCENTILES},
        }


@dataclass(frozen=True, order=True)
class Node:
    """A service in the graph."""

    title: str
    """A short name for people."""

    role: str
    """The service's kind or purpose."""

    name: str
    """The name in X-Ray."""

    type: str
    """The type in X-Ray."""


@dataclass(frozen=True)
class ServiceGraph:
    """The services of a deployment and the calls between them, in a period."""

    stage: str
    """The stage's name."""

    since: datetime
    """The period's start."""

    until: datetime
    """The period's end."""

    nodes: Mapping[Node, Traffic]
    """The requests that each service answered; empty for the callers."""

    edges: Mapping[tuple[Node, Node], Traffic]
    """The requests from one service to another."""

    def as_dict(self) -> dict[str, Any]:
        """Return the graph as a JSON object."""
        return {
            "stage": self.stage,
            "since": self.since.isoformat(),
            "until": self.until.isoformat(),
            "nodes": [
                {**asdict(node), **(traffic.as_dict() if traffic.requests else {})}
                for node, traffic in self.nodes.items()
            ],
            "edges": [
                {"from": caller.title, "to": callee.title, **traffic.as_dict()}
                for (caller, callee), traffic in self.edges.items()
            ],
        }


def fetch_service_graph(xray: Any, stage: Stage, since: datetime, until: datetime) -> ServiceGraph:
    """Fetch the service graph of a stage.

    Args:
        xray: A boto3 client.
        stage: The stage. Other services of the account are left out.
        since: The period's start.
        until: The period's end, at most ``LONGEST_PERIOD`` later.

    Raises:
        ClientError, BotoCoreError: The call to AWS failed.
    """
    pages = xray.get_paginator("get_service_graph").paginate(StartTime=since, EndTime=until)
    services = {service["ReferenceId"]: service for page in pages for service in page["Services"]}
    ids = _reachable_ids(services, f"{stage.prefix}/{stage.name}")
    nodes_by_id = {id_: _node(services[id_], stage) for id_ in ids}
    nodes: dict[Node, Traffic] = {}
    edges: dict[tuple[Node, Node], Traffic] = {}
    for id_ in ids:
        service, node = services[id_], nodes_by_id[id_]
        if service["Type"] != f"{_LAMBDA}::Function":
            nodes[node] = _traffic(service)
        for edge in service.get("Edges", ()):
            callee = nodes_by_id.get(edge["ReferenceId"])
            # X-Ray counts the Lambda service and the function's code as two services; the graph
            # has one node for both.
            if callee is not None and callee != node:
                edges[node, callee] = edges.get((node, callee), Traffic()) + _traffic(edge)
    # For a service that is not traced itself, X-Ray may record only what its callers observed.
    for node, traffic in nodes.items():
        incoming = sum((t for (_, callee), t in edges.items() if callee == node), Traffic())
        if not traffic.requests:
            nodes[node] = incoming
        elif not traffic.histogram:
            nodes[node] = replace(traffic, histogram=incoming.histogram)
    return ServiceGraph(stage.name, since, until, nodes, edges)


def _reachable_ids(services: Mapping[int, _XRayService], gateway: str) -> list[int]:
    """Return the ids of the gateway's callers, the gateway, and all that it calls, transitively."""
    reachable = [
        id_
        for id_, service in services.items()
        if (service["Name"], service["Type"]) == (gateway, _GATEWAY)
    ]
    callers = [
        id_
        for id_, service in services.items()
        if service["Type"] == _CLIENT and set(_callee_ids(service)).intersection(reachable)
    ]
    for id_ in reachable:
        callees = dict.fromkeys(_callee_ids(services[id_]))
        reachable.extend(each for each in callees if each in services and each not in reachable)
    return callers + reachable


def _callee_ids(service: _XRayService) -> Iterator[int]:
    return (edge["ReferenceId"] for edge in service.get("Edges", ()))


def _node(service: _XRayService, stage: Stage) -> Node:
    name, type_ = str(service["Name"]), str(service["Type"])
    if type_.startswith(_LAMBDA):
        return Node(name.removeprefix(f"{stage.prefix}-"), "Lambda function", name, _LAMBDA)
    return Node(*_TITLES.get(type_, (name, type_)), name, type_)


def _traffic(service_or_edge: Mapping[str, Any]) -> Traffic:
    statistics = service_or_edge.get("SummaryStatistics", {})
    return Traffic(
        requests=statistics.get("TotalCount", 0),
        errors=statistics.get("ErrorStatistics", {}).get("TotalCount", 0),
        faults=statistics.get("FaultStatistics", {}).get("TotalCount", 0),
        histogram={
            entry["Value"]: entry["Count"]
            for entry in service_or_edge.get("ResponseTimeHistogram", ())
        },
    )
