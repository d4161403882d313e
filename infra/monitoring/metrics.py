"""The metrics that alarms watch and the dashboard shows."""

from collections.abc import Iterable, Mapping, Sequence

from aws_cdk import Duration
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_dynamodb as dynamodb

from common.crud.entity import Entity, event_of
from common.entities import ENTITIES
from infra.api.rest_api import LedgerApi
from infra.compute.functions import LedgerFunction
from infra.data.tables import Tables
from infra.spec.routes import ROUTES, Function
from infra.spec.service import METRICS_NAMESPACE
from infra.spec.stages import Stage

_PERIOD = Duration.minutes(1)

_EVENTS_PERIOD = Duration.minutes(15)
"""Items end less often than requests arrive."""


class StageMetrics:
    """The metrics of a stage, by concern."""

    def __init__(
        self,
        stage: Stage,
        *,
        api: LedgerApi,
        functions: Sequence[LedgerFunction],
        tables: Tables,
    ) -> None:
        names = [function.name for function in functions]
        self.api = ApiMetrics(api.rest_api.deployment_stage)
        self.functions = [FunctionMetrics(stage, function) for function in functions]
        self.dependencies = DependencyMetrics(stage, self.functions)
        self.attempts = _per_function(stage, "DynamoDBAttempts", names)
        self.tables = [TableMetrics(entity, tables.of(entity)) for entity in ENTITIES]
        self.entities = [EntityMetrics(stage, entity) for entity in ENTITIES]
        self.archive = ArchiveMetrics(stage, names)


class ApiMetrics:
    """The metrics of the REST API."""

    def __init__(self, stage: apigateway.Stage) -> None:
        self.requests = stage.metric_count(period=_PERIOD, label="requests")
        self.client_errors = stage.metric_client_error(statistic="Sum", period=_PERIOD, label="4xx")
        self.server_errors = stage.metric_server_error(statistic="Sum", period=_PERIOD, label="5xx")
        # The metric is 1 or 0 for each request, so its average is the share of failures.
        self.failure_share = stage.metric_server_error(statistic="Average", period=_PERIOD)
        self.latency_p50 = stage.metric_latency(statistic="p50", period=_PERIOD, label="p50")
        self.latency_p99 = stage.metric_latency(statistic="p99", period=_PERIOD)
        self.integration_latency_p99 = stage.metric_integration_latency(
            statistic="p99", period=_PERIOD, label="p99 of the functions"
        )
        self.cache_hits = stage.metric_cache_hit_count(period=_PERIOD, label="hits")
        self.cache_misses = stage.metric_cache_miss_count(period=_PERIOD, label="misses")


class FunctionMetrics:
    """The metrics of one function."""

    def __init__(self, stage: Stage, function: LedgerFunction) -> None:
        lambda_function = function.lambda_function
        self.name = function.name
        self.invocations = lambda_function.metric_invocations(period=_PERIOD, label="invocations")
        self.errors = lambda_function.metric_errors(period=_PERIOD, label="errors")
        self.faults = _custom_metric(stage, "Faults", function.name)
        self.throttles = lambda_function.metric_throttles(period=_PERIOD)
        self.duration_p50 = lambda_function.metric_duration(
            statistic="p50", period=_PERIOD, label="p50"
        )
        self.duration_p99 = lambda_function.metric_duration(statistic="p99", period=_PERIOD)
        self.concurrency = lambda_function.metric(
            "ConcurrentExecutions", statistic="Maximum", period=_PERIOD
        )
        self.failure_percentage = _percentage(
            "failed, %",
            {"faults": self.faults, "errors": self.errors},
            {"calls": self.invocations},
            _PERIOD,
        )


class DependencyMetrics:
    """The failures of DynamoDB and Parameter Store, which the functions answer with 503."""

    def __init__(self, stage: Stage, functions: Sequence[FunctionMetrics]) -> None:
        names = [function.name for function in functions]
        self.failures = _per_function(stage, "DependencyFailures", names)
        self.failure_percentage = _percentage(
            "unavailable, %",
            {f"{metric.label}_failures": metric for metric in self.failures},
            {f"{function.name}_calls": function.invocations for function in functions},
            _PERIOD,
        )


class TableMetrics:
    """The metrics of an entity's table."""

    def __init__(self, entity: Entity, table: dynamodb.Table) -> None:
        self.entity = entity
        self._table = table
        self.throttles = self._per_operation("ThrottledRequests")
        self.system_errors = self._per_operation("SystemErrors")
        self.latencies_p99 = self._per_operation("SuccessfulRequestLatency", "p99")
        self.read_capacity = table.metric_consumed_read_capacity_units(period=_PERIOD, label="read")
        self.write_capacity = table.metric_consumed_write_capacity_units(
            period=_PERIOD, label="write"
        )
        self.all_throttles = _sum("throttled", self.throttles)
        self.all_system_errors = _sum("system errors", self.system_errors)

    def _per_operation(self, name: str, statistic: str = "Sum") -> list[cloudwatch.Metric]:
        operations = {
            action.partition(":")[2]
            for route in ROUTES
            if route.entity is self.entity
            for action in route.table + route.indexes
        }
        return [
            self._table.metric(
                name,
                dimensions_map={"TableName": self._table.table_name, "Operation": operation},
                statistic=statistic,
                period=_PERIOD,
                label=operation,
            )
            for operation in sorted(operations)
        ]


class EntityMetrics:
    """The business metrics of an entity: the events in the lives of its items."""

    def __init__(self, stage: Stage, entity: Entity) -> None:
        self.entity = entity
        creates, changes, deletes = (
            _function_for(entity, method) for method in ("POST", "PATCH", "DELETE")
        )

        def count(name: str, function: Function) -> cloudwatch.Metric:
            return _custom_metric(stage, name, function, period=_EVENTS_PERIOD)

        self.created = count(entity.metric("created"), creates)
        self.replays = count("IdempotencyReplays", creates)
        self.deleted = count(entity.metric("deleted"), deletes)
        self.events = {event: count(entity.metric(event), changes) for event in entity.all_events}
        self.durations = {
            name: [
                count(name, changes).with_(statistic=statistic, label=statistic)
                for statistic in ("p50", "p99")
            ]
            for name in entity.durations
        }
        self.failure_percentage = (
            _percentage(
                f"failed, % of ended {entity.plural}",
                self._counts(entity.failures),
                self._counts(entity.ended),
                _EVENTS_PERIOD,
            )
            if entity.failures
            else None
        )
        """The share of failures; None if the entity has none."""

    def _counts(self, statuses: Iterable[str]) -> dict[str, cloudwatch.Metric]:
        events = sorted(map(event_of, statuses))
        # The keys are the names of variables in an expression.
        return {event.replace(" ", "_"): self.events[event] for event in events}


class ArchiveMetrics:
    """The metrics of the S3 log shipper."""

    def __init__(self, stage: Stage, functions: Sequence[Function]) -> None:
        self.uploads = _per_function(stage, "ArchiveUploads", functions)
        self.failures = _per_function(stage, "ArchiveFailures", functions)
        self.dropped_lines = _per_function(stage, "ArchiveDroppedLines", functions)
        self.all_failures = _sum("failed uploads", self.failures)
        self.all_dropped_lines = _sum("dropped lines", self.dropped_lines)


def _function_for(entity: Entity, method: str) -> Function:
    """Return the function that answers a method of an entity."""
    return next(r.function for r in ROUTES if r.entity is entity and r.method == method)


def _per_function(
    stage: Stage, name: str, functions: Sequence[Function]
) -> list[cloudwatch.Metric]:
    return [_custom_metric(stage, name, function, label=function) for function in functions]


def _custom_metric(
    stage: Stage,
    name: str,
    function: Function,
    *,
    period: Duration = _PERIOD,
    label: str | None = None,
) -> cloudwatch.Metric:
    """Return a metric that a function writes into its log lines."""
    return cloudwatch.Metric(
        namespace=METRICS_NAMESPACE,
        metric_name=name,
        dimensions_map={"service": stage.prefix, "function": function},
        statistic="Sum",
        period=period,
        label=label or name,
    )


def _fill_and_add(metrics: Iterable[str]) -> str:
    """Return an expression that adds ``metrics`` and counts one without data as 0."""
    return " + ".join(f"FILL({metric}, 0)" for metric in metrics)


def _sum(label: str, metrics: Sequence[cloudwatch.IMetric]) -> cloudwatch.MathExpression:
    metrics_by_id = {f"m{number}": metric for number, metric in enumerate(metrics)}
    return cloudwatch.MathExpression(
        expression=_fill_and_add(metrics_by_id),
        using_metrics=metrics_by_id,
        label=label,
        period=_PERIOD,
    )


def _percentage(
    label: str,
    part: Mapping[str, cloudwatch.IMetric],
    whole: Mapping[str, cloudwatch.IMetric],
    period: Duration,
) -> cloudwatch.MathExpression:
    total = _fill_and_add(whole)
    return cloudwatch.MathExpression(
        expression=f"IF(({total}) > 0, 100 * ({_fill_and_add(part)}) / ({total}), 0)",
        using_metrics={**part, **whole},
        label=label,
        period=period,
    )
