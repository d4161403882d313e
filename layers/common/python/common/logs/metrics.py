"""Metrics in CloudWatch's embedded metric format, written with the log lines.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format.html
"""

from aws_lambda_powertools import Metrics
from aws_lambda_powertools.metrics import MetricUnit

from common.contract import compact_json
from common.logs.uninterrupted import UNINTERRUPTED
from common.settings import SETTINGS

metrics = Metrics()
metrics.set_default_dimensions(function=SETTINGS.function)


def count(metric: str, value: int = 1) -> None:
    """Add ``value`` to a metric that counts events."""
    with UNINTERRUPTED:
        metrics.add_metric(name=metric, unit=MetricUnit.Count, value=value)


def measure(metric: str, milliseconds: float) -> None:
    """Add a duration to a metric."""
    with UNINTERRUPTED:
        metrics.add_metric(name=metric, unit=MetricUnit.Milliseconds, value=milliseconds)


def flush() -> None:
    """Print the metrics that were added since the last time, if there are any."""
    # Powertools prints them, and then forgets them. A flush in between would print them again.
    with UNINTERRUPTED:
        if metrics.metric_set:
            line = compact_json(metrics.provider.serialize_metric_set())
            # One system call; Powertools' own flush makes two.
            print(f"{line}\n", end="")  # noqa: T201 - the line belongs on stdout
            metrics.provider.clear_metrics()
