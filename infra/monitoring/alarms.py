"""The alarms: a table with one row per alarm.

docs/runbooks.md says what each alarm means, where to look and what to do.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_sns as sns
from constructs import Construct

from common.aws.timeouts import LAMBDA_TIMEOUT
from common.crud.entity import Entity
from infra.monitoring.metrics import EntityMetrics, FunctionMetrics, StageMetrics, TableMetrics
from infra.spec.stages import Stage

RUNBOOKS = "docs/runbooks.md"
"""The page with a chapter for each alarm."""

AT_LEAST = cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD
ABOVE = cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD

_LONGEST_DURATION_MS = round(0.8 * LAMBDA_TIMEOUT * 1_000)
"""A p99 above it means that Lambda is about to stop invocations at their timeout."""


@dataclass(frozen=True)
class AlarmRow:
    """One alarm."""

    name: str
    """The construct id, and the alarm's name after the stage's prefix."""

    runbook: str
    """The anchor of the alarm's chapter in docs/runbooks.md."""

    metric: cloudwatch.IMetric

    comparison: cloudwatch.ComparisonOperator

    threshold: float

    description: str
    """The event that raises the alarm, without a period at its end."""

    datapoints_to_alarm: int = 3
    """Periods that must breach the threshold, of the last ``evaluation_periods``."""

    evaluation_periods: int = 5


def alarm_rows(stage: Stage, metrics: StageMetrics) -> Sequence[AlarmRow]:
    """Return the alarms of a stage, in the order of docs/runbooks.md."""
    return [
        AlarmRow(
            name="ApiFailures",
            runbook="api-failures",
            metric=metrics.api.failure_share,
            comparison=ABOVE,
            threshold=stage.error_rate_percent / 100,
            description=f"More than {stage.error_rate_percent} % of the API's answers are 5xx",
        ),
        AlarmRow(
            name="ApiLatency",
            runbook="api-latency",
            metric=metrics.api.latency_p99,
            comparison=ABOVE,
            threshold=stage.latency_p99_ms,
            description=f"One in a hundred requests takes longer than {stage.latency_p99_ms} ms",
        ),
        *(row for function in metrics.functions for row in _function_rows(stage, function)),
        AlarmRow(
            name="DependencyFailures",
            runbook="dependency-failures",
            metric=metrics.dependencies.failure_percentage,
            comparison=ABOVE,
            threshold=stage.error_rate_percent,
            description=(
                f"DynamoDB or Parameter Store fails more than {stage.error_rate_percent} %"
                " of the invocations, which get 503"
            ),
        ),
        *(row for table in metrics.tables for row in _table_rows(table)),
        *(row for entity in metrics.entities for row in _entity_rows(stage, entity)),
        AlarmRow(
            name="ArchiveFailures",
            runbook="archive-failures",
            metric=metrics.archive.all_failures,
            comparison=AT_LEAST,
            threshold=1,
            description="Log lines do not reach the archive; they are kept and sent again",
        ),
        AlarmRow(
            name="ArchiveLoss",
            runbook="archive-loss",
            metric=metrics.archive.all_dropped_lines,
            comparison=AT_LEAST,
            threshold=1,
            description="Log lines are lost for the archive; they are still in CloudWatch Logs",
            datapoints_to_alarm=1,
            evaluation_periods=1,
        ),
    ]


def _table_rows(table: TableMetrics) -> Sequence[AlarmRow]:
    entity = table.entity
    return [
        AlarmRow(
            name=f"{entity.plural_type_name}TableThrottles",
            runbook="table-throttles",
            metric=table.all_throttles,
            comparison=AT_LEAST,
            threshold=1,
            description=f"DynamoDB throttles requests to the table of {entity.plural}",
        ),
        AlarmRow(
            name=f"{entity.plural_type_name}TableFailures",
            runbook="table-failures",
            metric=table.all_system_errors,
            comparison=AT_LEAST,
            threshold=1,
            description=f"DynamoDB fails on requests to the table of {entity.plural}",
        ),
    ]


def _entity_rows(stage: Stage, metrics: EntityMetrics) -> Sequence[AlarmRow]:
    if metrics.failure_percentage is None:
        return []
    entity = metrics.entity
    percent = stage.failed_percent
    return [
        AlarmRow(
            name=failure_alarm(entity),
            runbook="failed-items",
            metric=metrics.failure_percentage,
            comparison=ABOVE,
            threshold=percent,
            description=f"More than {percent} % of the {entity.plural} that end have failed",
            datapoints_to_alarm=1,
            evaluation_periods=1,
        )
    ]


def failure_alarm(entity: Entity) -> str:
    """Return the name of the alarm on the share of failures."""
    return f"Failed{entity.plural_type_name}"


def _function_rows(stage: Stage, function: FunctionMetrics) -> Sequence[AlarmRow]:
    name = function.name
    return [
        AlarmRow(
            name=f"{name.capitalize()}Failures",
            runbook="function-failures",
            metric=function.failure_percentage,
            comparison=ABOVE,
            threshold=stage.error_rate_percent,
            description=f"More than {stage.error_rate_percent} % of {name}'s invocations have bugs",
        ),
        AlarmRow(
            name=f"{name.capitalize()}Throttles",
            runbook="function-throttles",
            metric=function.throttles,
            comparison=AT_LEAST,
            threshold=1,
            description=f"Lambda throttles invocations of {name}",
        ),
        AlarmRow(
            name=f"{name.capitalize()}Duration",
            runbook="function-duration",
            metric=function.duration_p99,
            comparison=ABOVE,
            threshold=_LONGEST_DURATION_MS,
            description=f"{name}'s p99 duration exceeds 80 % of its timeout ({LAMBDA_TIMEOUT} s)",
        ),
    ]


def add_alarms(
    scope: Construct, stage: Stage, rows: Iterable[AlarmRow], topic: sns.ITopic
) -> Mapping[str, cloudwatch.Alarm]:
    """Add an alarm for each of ``rows`` to ``scope``, and return the alarms by name.

    Each alarm notifies ``topic`` when it is raised and when it ends.
    """
    alarms = {}
    for row in rows:
        alarm = cloudwatch.Alarm(
            scope,
            row.name,
            alarm_name=f"{stage.prefix}-{row.name}",
            alarm_description=f"{row.description}. What to do: {RUNBOOKS}#{row.runbook}",
            metric=row.metric,
            threshold=row.threshold,
            comparison_operator=row.comparison,
            datapoints_to_alarm=row.datapoints_to_alarm,
            evaluation_periods=row.evaluation_periods,
            # No data means no requests, which is fine at night.
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        )
        notification = actions.SnsAction(topic)
        alarm.add_alarm_action(notification)
        alarm.add_ok_action(notification)
        alarms[row.name] = alarm
    return alarms
