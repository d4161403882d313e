"""The dashboard: a row for the state of the alarms, then a row per concern."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from aws_cdk import Duration, Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from infra.monitoring.alarms import failure_alarm
from infra.monitoring.metrics import (
    ApiMetrics,
    ArchiveMetrics,
    EntityMetrics,
    FunctionMetrics,
    StageMetrics,
    TableMetrics,
)

_WIDTH = 24
_HEIGHT = 6

_Alarms = Mapping[str, cloudwatch.Alarm]


class _Graph(NamedTuple):
    """A graph on the dashboard."""

    title: str

    metrics: Sequence[cloudwatch.IMetric]

    alarm: cloudwatch.Alarm | None = None
    """The alarm whose threshold the graph shows."""


def add_dashboard(
    scope: Construct, name: str, metrics: StageMetrics, alarms: _Alarms
) -> cloudwatch.Dashboard:
    """Add the dashboard ``name`` to ``scope``, and return it."""
    alarm_states = cloudwatch.AlarmStatusWidget(
        title="Alarms", alarms=list(alarms.values()), width=_WIDTH, height=_HEIGHT
    )
    rows = [
        _api_row(metrics.api, alarms),
        *(_function_row(function, alarms) for function in metrics.functions),
        *(_table_row(table) for table in metrics.tables),
        *(_entity_row(entity, alarms) for entity in metrics.entities),
        [
            _Graph("Dependencies: 503 responses", metrics.dependencies.failures),
            _Graph("DynamoDB: attempts", metrics.attempts),
        ],
        _archive_row(metrics.archive),
    ]
    return cloudwatch.Dashboard(
        scope,
        "Dashboard",
        dashboard_name=name,
        default_interval=Duration.hours(3),
        widgets=[[alarm_states], *map(_side_by_side, rows)],
    )


def dashboard_url(dashboard: cloudwatch.Dashboard) -> str:
    """Return the dashboard's page in the AWS console."""
    region = Stack.of(dashboard).region
    return (
        f"https://{region}.console.aws.amazon.com/cloudwatch/home"
        f"?region={region}#dashboards/dashboard/{dashboard.dashboard_name}"
    )


def _api_row(api: ApiMetrics, alarms: _Alarms) -> list[_Graph]:
    latencies = [
        api.latency_p50,
        api.latency_p99.with_(label="p99"),
        api.integration_latency_p99,
    ]
    return [
        _Graph("API: requests", [api.requests]),
        _Graph("API: errors", [api.client_errors, api.server_errors]),
        _Graph("API: latency", latencies, alarms["ApiLatency"]),
        _Graph("API: cache", [api.cache_hits, api.cache_misses]),
    ]


def _function_row(function: FunctionMetrics, alarms: _Alarms) -> list[_Graph]:
    name = function.name
    failures = [function.errors, function.faults, function.throttles]
    durations = [function.duration_p50, function.duration_p99.with_(label="p99")]
    return [
        _Graph(f"{name}: invocations", [function.invocations]),
        _Graph(f"{name}: failures", failures),
        _Graph(f"{name}: duration", durations, alarms[f"{name.capitalize()}Duration"]),
        _Graph(f"{name}: concurrency", [function.concurrency]),
    ]


def _table_row(table: TableMetrics) -> list[_Graph]:
    name = f"Table of {table.entity.plural}"
    return [
        _Graph(f"{name}: throttled requests", table.throttles),
        _Graph(f"{name}: system errors", table.system_errors),
        _Graph(f"{name}: latency (ms)", table.latencies_p99),
        _Graph(f"{name}: capacity used", [table.read_capacity, table.write_capacity]),
    ]


def _entity_row(metrics: EntityMetrics, alarms: _Alarms) -> list[_Graph]:
    entity = metrics.entity
    name = entity.plural.capitalize()
    failures = (
        [_Graph(f"{name}: failed (%)", [metrics.failure_percentage], alarms[failure_alarm(entity)])]
        if metrics.failure_percentage
        else []
    )
    return [
        _Graph(f"{name}: created", [metrics.created, metrics.replays, metrics.deleted]),
        _Graph(f"{name}: changed", [*metrics.events.values()]),
        *failures,
        *(
            _Graph(f"{name}: {metric} (ms)", statistics)
            for metric, statistics in metrics.durations.items()
        ),
    ]


def _archive_row(archive: ArchiveMetrics) -> list[_Graph]:
    return [
        _Graph("Archive: uploads", archive.uploads),
        _Graph("Archive: failed uploads", archive.failures),
        _Graph("Archive: dropped lines", archive.dropped_lines),
    ]


def _side_by_side(graphs: Sequence[_Graph]) -> list[cloudwatch.IWidget]:
    """Return a row of widgets that fills the whole width."""
    edges = [_WIDTH * number // len(graphs) for number in range(len(graphs) + 1)]
    return [
        cloudwatch.GraphWidget(
            title=graph.title,
            left=list(graph.metrics),
            left_annotations=[graph.alarm.to_annotation()] if graph.alarm else None,
            width=right - left,
            height=_HEIGHT,
        )
        for graph, (left, right) in zip(graphs, pairwise(edges), strict=True)
    ]
