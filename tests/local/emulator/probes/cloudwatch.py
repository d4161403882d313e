"""Probes of CloudWatch: alarms and metrics."""

import contextlib
import json
import time
import uuid
from datetime import UTC, datetime, timedelta

from botocore.exceptions import ClientError

from tests.support.deployment.probed_emulator import ProbedEmulator

ALARM = {
    "Alarm": {
        "Type": "AWS::CloudWatch::Alarm",
        "Properties": {
            "ComparisonOperator": "GreaterThanThreshold",
            "EvaluationPeriods": 1,
            "Threshold": 1,
            "Metrics": [
                {"Id": "sum", "Expression": "a + a", "ReturnData": True},
                {
                    "Id": "a",
                    "ReturnData": False,
                    "MetricStat": {
                        "Metric": {"Namespace": "Probe", "MetricName": "a"},
                        "Period": 60,
                        "Stat": "Sum",
                    },
                },
            ],
        },
    }
}


def accepts_metric_math(emulator: ProbedEmulator) -> bool:
    ids = emulator.try_to_deploy(ALARM)
    alarms = emulator.client("cloudwatch").describe_alarms()["MetricAlarms"]
    return ids is not None and ids["Alarm"] in {alarm["AlarmName"] for alarm in alarms}


def evaluates_alarms(emulator: ProbedEmulator) -> bool:
    cloudwatch = emulator.client("cloudwatch")
    metric = {"Namespace": "Probe", "MetricName": f"m-{uuid.uuid4().hex[:8]}"}
    other_dimension = {"Name": "of", "Value": "another"}
    values = {"MetricName": metric["MetricName"], "Dimensions": [other_dimension], "Value": 9.0}
    minute_ago = {**values, "Timestamp": datetime.now(UTC) - timedelta(minutes=1)}
    cloudwatch.put_metric_data(Namespace="Probe", MetricData=[values, minute_ago])
    name = metric["MetricName"]
    cloudwatch.put_metric_alarm(
        AlarmName=name,
        **metric,
        Dimensions=[{**other_dimension, "Value": "mine"}],
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=2,
        Threshold=1,
        ComparisonOperator="GreaterThanThreshold",
        TreatMissingData="notBreaching",
    )
    (alarm,) = cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"]
    return bool(alarm["StateValue"] == "OK")


def extracts_embedded_metrics(emulator: ProbedEmulator) -> bool:
    logs, stream = emulator.client("logs"), {"logGroupName": "/probe", "logStreamName": "1"}
    with contextlib.suppress(ClientError):
        logs.create_log_group(logGroupName="/probe")
        logs.create_log_stream(**stream)
    now = int(time.time() * 1000)
    directive = {
        "Namespace": "Embedded",
        "Dimensions": [["function"]],
        "Metrics": [{"Name": "Probed", "Unit": "Count"}],
    }
    metadata = {"Timestamp": now, "CloudWatchMetrics": [directive]}
    line = json.dumps({"_aws": metadata, "function": "probe", "Probed": [1.0]})
    logs.put_log_events(**stream, logEvents=[{"timestamp": now, "message": line}])
    metrics = emulator.client("cloudwatch").list_metrics(Namespace="Embedded")["Metrics"]
    return [metric["MetricName"] for metric in metrics] == ["Probed"]


def counts_requests(emulator: ProbedEmulator) -> bool:
    emulator.post({"n": 1})
    return "5XXError" in _metric_names(emulator)


def counts_invocations(emulator: ProbedEmulator) -> bool:
    emulator.post({"n": 1})
    return "Invocations" in _metric_names(emulator)


def _metric_names(emulator: ProbedEmulator) -> set[str]:
    metrics = emulator.client("cloudwatch").list_metrics()["Metrics"]
    return {metric["MetricName"] for metric in metrics}
