"""The functions' own metrics in CloudWatch."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from infra.spec.service import METRICS_NAMESPACE
from tests.support.deployment.service import Service


def metric_values(service: Service, statistic: str = "Sum") -> dict[tuple[str, str], float]:
    """Return a statistic of the functions' own metrics, by metric and function."""
    cloudwatch = service.client("cloudwatch")
    metrics = cloudwatch.list_metrics(Namespace=METRICS_NAMESPACE)["Metrics"]
    now = datetime.now(UTC)
    values = {}
    for metric in metrics:
        dimensions = {each["Name"]: each["Value"] for each in metric["Dimensions"]}
        assert dimensions.keys() == {"service", "function"}
        points = cloudwatch.get_metric_statistics(
            **metric,
            StartTime=now - timedelta(days=1),
            EndTime=now + timedelta(minutes=1),
            Period=86_400,
            Statistics=[statistic],
        )["Datapoints"]
        key = (metric["MetricName"], dimensions["function"])
        values[key] = sum(point[statistic] for point in points)
    return values


def increase(after: Mapping[Any, float], before: Mapping[Any, float]) -> dict[Any, float]:
    """Return the values that have changed, and by how much."""
    return {
        key: value - before.get(key, 0) for key, value in after.items() if value != before.get(key)
    }
