"""Alarms, the topic that they notify, and the dashboard that shows it all."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from aws_cdk import Aws, Duration, Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct

from common.aws.timeouts import LAMBDA_TIMEOUT
from infra.api.rest_api import LedgerApi
from infra.compute.functions import METRICS_NAMESPACE, LedgerFunction
from infra.conventions.retention import of_data
from infra.data.jobs_table import JobTable
from infra.spec.routes import ROUTES, Function
from infra.spec.stages import Stage

_PERIOD = Duration.minutes(1)
_LONG_PERIOD = Duration.minutes(15)
_DURATION_SHARE = 0.8
"""Of the timeout: a p99 above it means that calls are about to be cut off."""

RUNBOOKS = "docs/runbooks.md"
"""What each alarm means, where to look and what to do; every alarm names its chapter."""

_ENDS: Function = "update"
"""The function that counts how jobs end."""

_TIMES = ("p50", "p99")

_WIDTH = 24
_HEIGHT = 6

_At = cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD
_Above = cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD


class _Graph(NamedTuple):
    """A graph on the dashboard; with the threshold of ``alarm``, if one watches what it shows."""

    title: str
    metrics: Sequence[cloudwatch.IMetric]
    alarm: cloudwatch.Alarm | None = None


class Monitoring(Construct):
    """What tells an operator how a stage is doing.

    Attributes:
        topic: Receives every alarm, and every recovery.
        dashboard: One row per concern.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        stage: Stage,
        functions: Sequence[LedgerFunction],
        table: JobTable,
        api: LedgerApi,
    ) -> None:
        super().__init__(scope, id_)
        self._stage = stage
        self._alarms: list[cloudwatch.Alarm] = []
        self.topic = self._topic()
        rows = [
            self._api_row(api),
            *(self._function_row(function) for function in functions),
            self._table_row(table, functions),
            self._jobs_row(),
            self._archive_row(functions),
        ]
        status = cloudwatch.AlarmStatusWidget(
            title="Alarms", alarms=self._alarms, width=_WIDTH, height=_HEIGHT
        )
        self.dashboard = cloudwatch.Dashboard(
            self,
            "Dashboard",
            dashboard_name=stage.stack,
            default_interval=Duration.hours(3),
            widgets=[[status], *rows],
        )

    @property
    def url(self) -> str:
        """Where the dashboard is shown."""
        region = Stack.of(self).region
        return (
            f"https://{region}.console.aws.amazon.com/cloudwatch/home"
            f"?region={region}#dashboards/dashboard/{self.dashboard.dashboard_name}"
        )

    def _topic(self) -> sns.Topic:
        alarms_of_account = {"StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID}}
        cloudwatch_service = iam.ServicePrincipal("cloudwatch.amazonaws.com")
        # Under the key that AWS manages for SNS, CloudWatch cannot publish, and nothing says so.
        key = kms.Key(
            self,
            "TopicKey",
            description=f"Encrypts the alarms of {self._stage.prefix}",
            enable_key_rotation=True,
            removal_policy=of_data(self._stage),
        )
        key.add_to_resource_policy(
            iam.PolicyStatement(
                sid="AlarmsOfThisAccount",
                principals=[cloudwatch_service],
                actions=["kms:Decrypt", "kms:GenerateDataKey*"],
                resources=["*"],
                conditions=alarms_of_account,
            )
        )
        topic = sns.Topic(
            self,
            "Alarms",
            display_name=f"Job Ledger {self._stage.name}",
            master_key=key,
            enforce_ssl=True,
        )
        topic.add_to_resource_policy(
            iam.PolicyStatement(
                sid="AlarmsOfThisAccount",
                principals=[cloudwatch_service],
                actions=["sns:Publish"],
                resources=[topic.topic_arn],
                conditions=alarms_of_account,
            )
        )
        if self._stage.alarm_email:
            topic.add_subscription(subscriptions.EmailSubscription(self._stage.alarm_email))
        return topic

    def _api_row(self, api: LedgerApi) -> list[cloudwatch.IWidget]:
        stage = api.api.deployment_stage
        # The metric is 1 or 0 for each request, so its average is the share of failures.
        failures = stage.metric_server_error(statistic="Average", period=_PERIOD)
        latency = stage.metric_latency(statistic="p99", period=_PERIOD)
        self._alarm(
            "ApiFailures",
            "api-failures",
            failures,
            f"More than {self._stage.error_rate_percent} % of the API's answers are 5xx",
            threshold=self._stage.error_rate_percent / 100,
        )
        slow = self._alarm(
            "ApiLatency",
            "api-latency",
            latency,
            f"One in a hundred requests takes longer than {self._stage.latency_p99_ms} ms",
            threshold=self._stage.latency_p99_ms,
        )
        return _row(
            _Graph("API: requests", [stage.metric_count(period=_PERIOD, label="requests")]),
            _Graph(
                "API: errors",
                [
                    stage.metric_client_error(statistic="Sum", period=_PERIOD, label="4xx"),
                    stage.metric_server_error(statistic="Sum", period=_PERIOD, label="5xx"),
                ],
            ),
            _Graph(
                "API: latency",
                [
                    stage.metric_latency(statistic="p50", period=_PERIOD, label="p50"),
                    latency.with_(label="p99"),
                    stage.metric_integration_latency(
                        statistic="p99", period=_PERIOD, label="p99 of the functions"
                    ),
                ],
                slow,
            ),
            _Graph(
                "API: cache",
                [
                    stage.metric_cache_hit_count(period=_PERIOD, label="hits"),
                    stage.metric_cache_miss_count(period=_PERIOD, label="misses"),
                ],
            ),
        )

    def _function_row(self, function: LedgerFunction) -> list[cloudwatch.IWidget]:
        name = function.name
        invocations = function.function.metric_invocations(period=_PERIOD, label="invocations")
        errors = function.function.metric_errors(period=_PERIOD, label="errors")
        faults = self._own_metric("Faults", name)
        throttles = function.function.metric_throttles(period=_PERIOD)
        duration = function.function.metric_duration(statistic="p99", period=_PERIOD)
        longest = round(_DURATION_SHARE * LAMBDA_TIMEOUT * 1_000)
        self._alarm(
            f"{name.capitalize()}Failures",
            "function-failures",
            _percentage("failed, %", {"faults": faults, "errors": errors}, {"calls": invocations}),
            f"More than {self._stage.error_rate_percent} % of {name}'s invocations fail",
            threshold=self._stage.error_rate_percent,
        )
        self._alarm(
            f"{name.capitalize()}Throttles",
            "function-throttles",
            throttles,
            f"Lambda turns invocations of {name} away",
            threshold=1,
            comparison=_At,
        )
        slow = self._alarm(
            f"{name.capitalize()}Duration",
            "function-duration",
            duration,
            f"{name}'s p99 duration is within a fifth of its timeout ({LAMBDA_TIMEOUT} s)",
            threshold=longest,
        )
        return _row(
            _Graph(f"{name}: invocations", [invocations]),
            _Graph(f"{name}: failures", [errors, faults, throttles]),
            _Graph(
                f"{name}: duration",
                [
                    function.function.metric_duration(statistic="p50", period=_PERIOD, label="p50"),
                    duration.with_(label="p99"),
                ],
                slow,
            ),
            _Graph(
                f"{name}: concurrency",
                [
                    function.function.metric(
                        "ConcurrentExecutions", statistic="Maximum", period=_PERIOD
                    )
                ],
            ),
        )

    def _table_row(
        self, table: JobTable, functions: Sequence[LedgerFunction]
    ) -> list[cloudwatch.IWidget]:
        operations = sorted(
            {action.partition(":")[2] for route in ROUTES for action in route.table + route.indexes}
        )

        def per_operation(metric: str, statistic: str = "Sum") -> dict[str, cloudwatch.Metric]:
            return {
                operation: table.table.metric(
                    metric,
                    dimensions_map={
                        "TableName": table.table.table_name,
                        "Operation": operation,
                    },
                    statistic=statistic,
                    period=_PERIOD,
                    label=operation,
                )
                for operation in operations
            }

        throttles, failures = per_operation("ThrottledRequests"), per_operation("SystemErrors")
        self._alarm(
            "TableThrottles",
            "table-throttles",
            _sum("throttled", throttles.values()),
            "DynamoDB turns requests to the jobs table away",
            threshold=1,
            comparison=_At,
        )
        self._alarm(
            "TableFailures",
            "table-failures",
            _sum("system errors", failures.values()),
            "DynamoDB fails on requests to the jobs table",
            threshold=1,
            comparison=_At,
        )
        return _row(
            _Graph("Table: throttled requests", list(throttles.values())),
            _Graph("Table: system errors", list(failures.values())),
            _Graph(
                "Table: latency (ms)",
                list(per_operation("SuccessfulRequestLatency", "p99").values()),
            ),
            _Graph(
                "Table: capacity used",
                [
                    table.table.metric_consumed_read_capacity_units(period=_PERIOD, label="read"),
                    table.table.metric_consumed_write_capacity_units(period=_PERIOD, label="write"),
                ],
            ),
            _Graph("Table: attempts", self._per_function("DynamoDBAttempts", functions)),
        )

    def _jobs_row(self) -> list[cloudwatch.IWidget]:
        def jobs(outcome: str, function: Function = _ENDS) -> cloudwatch.Metric:
            return self._own_metric(f"Jobs{outcome}", function, period=_LONG_PERIOD)

        failed, succeeded, cancelled = jobs("Failed"), jobs("Succeeded"), jobs("Cancelled")
        ratio = _percentage(
            "failed, % of ended jobs",
            {"failed": failed},
            {"failed": failed, "succeeded": succeeded, "cancelled": cancelled},
            period=_LONG_PERIOD,
        )
        many = self._alarm(
            "FailedJobs",
            "failed-jobs",
            ratio,
            f"More than {self._stage.failed_jobs_percent} % of the jobs that end have failed",
            threshold=self._stage.failed_jobs_percent,
            periods=1,
            of=1,
        )

        def time(metric: str) -> list[cloudwatch.IMetric]:
            seen = self._own_metric(metric, _ENDS, period=_LONG_PERIOD)
            return [seen.with_(statistic=statistic, label=statistic) for statistic in _TIMES]

        return _row(
            _Graph(
                "Jobs: registered",
                [
                    jobs("Created", "create"),
                    self._own_metric("IdempotencyReplays", "create", period=_LONG_PERIOD),
                    jobs("Deleted", "delete"),
                ],
            ),
            _Graph("Jobs: started", [jobs("Started"), jobs("Retried")]),
            _Graph("Jobs: ended", [succeeded, failed, cancelled]),
            _Graph("Jobs: failed (%)", [ratio], many),
            _Graph("Jobs: time in the queue (ms)", time("QueueTime")),
            _Graph("Jobs: time to run (ms)", time("RunTime")),
        )

    def _archive_row(self, functions: Sequence[LedgerFunction]) -> list[cloudwatch.IWidget]:
        failures = self._per_function("ArchiveFailures", functions)
        dropped = self._per_function("ArchiveDroppedLines", functions)
        self._alarm(
            "ArchiveFailures",
            "archive-failures",
            _sum("failed uploads", failures),
            "Log lines do not reach the archive; they are kept and sent again",
            threshold=1,
            comparison=_At,
        )
        self._alarm(
            "ArchiveLoss",
            "archive-loss",
            _sum("dropped lines", dropped),
            "Log lines are lost for the archive; they are still in CloudWatch Logs",
            threshold=1,
            comparison=_At,
            periods=1,
            of=1,
        )
        return _row(
            _Graph("Archive: uploads", self._per_function("ArchiveUploads", functions)),
            _Graph("Archive: failed uploads", failures),
            _Graph("Archive: dropped lines", dropped),
        )

    def _per_function(
        self, metric: str, functions: Sequence[LedgerFunction]
    ) -> list[cloudwatch.Metric]:
        return [self._own_metric(metric, f.name, label=f.name) for f in functions]

    def _own_metric(
        self,
        name: str,
        function: str,
        *,
        period: Duration = _PERIOD,
        label: str | None = None,
    ) -> cloudwatch.Metric:
        """A metric that a function writes into its log lines."""
        return cloudwatch.Metric(
            namespace=METRICS_NAMESPACE,
            metric_name=name,
            dimensions_map={"service": self._stage.prefix, "function": function},
            statistic="Sum",
            period=period,
            label=label or name,
        )

    def _alarm(
        self,
        id_: str,
        runbook: str,
        metric: cloudwatch.IMetric,
        description: str,
        *,
        threshold: float,
        comparison: cloudwatch.ComparisonOperator = _Above,
        periods: int = 3,
        of: int = 5,
    ) -> cloudwatch.Alarm:
        alarm = cloudwatch.Alarm(
            self,
            id_,
            alarm_name=f"{self._stage.prefix}-{id_}",
            alarm_description=f"{description}. What to do: {RUNBOOKS}#{runbook}",
            metric=metric,
            threshold=threshold,
            comparison_operator=comparison,
            datapoints_to_alarm=periods,
            evaluation_periods=of,
            # Nobody calls at night, and that is fine.
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        )
        notify = actions.SnsAction(self.topic)
        alarm.add_alarm_action(notify)
        alarm.add_ok_action(notify)
        self._alarms.append(alarm)
        return alarm


def _filled(metrics: Iterable[str]) -> str:
    """The sum of ``metrics``; one that has no data counts as 0 and does not hide the others."""
    return " + ".join(f"FILL({metric}, 0)" for metric in metrics)


def _sum(label: str, metrics: Iterable[cloudwatch.IMetric]) -> cloudwatch.MathExpression:
    named = {f"m{number}": metric for number, metric in enumerate(metrics)}
    return cloudwatch.MathExpression(
        expression=_filled(named), using_metrics=named, label=label, period=_PERIOD
    )


def _percentage(
    label: str,
    part: Mapping[str, cloudwatch.IMetric],
    whole: Mapping[str, cloudwatch.IMetric],
    *,
    period: Duration = _PERIOD,
) -> cloudwatch.MathExpression:
    total = _filled(whole)
    return cloudwatch.MathExpression(
        expression=f"IF(({total}) > 0, 100 * ({_filled(part)}) / ({total}), 0)",
        using_metrics={**part, **whole},
        label=label,
        period=period,
    )


def _row(*graphs: _Graph) -> list[cloudwatch.IWidget]:
    """The graphs side by side, over the whole width."""
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
