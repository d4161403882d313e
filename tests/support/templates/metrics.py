"""The metrics that a template's alarms watch and its dashboard shows."""

from typing import NamedTuple

from tests.support.templates.dashboard import widgets
from tests.support.templates.synthesized import Properties, Synthesized


class Metric(NamedTuple):
    """A CloudWatch metric."""

    namespace: str

    name: str

    dimensions: dict[str, str]


def alarm(stack: Synthesized, name: str) -> Properties:
    """Return the properties of an alarm, by its name without the stage's prefix."""
    return stack.one(
        "AWS::CloudWatch::Alarm", lambda p: p["AlarmName"] == f"{stack.stage.prefix}-{name}"
    )


def alarm_metrics(properties: Properties) -> list[Metric]:
    """Return the metrics that an alarm watches, those of a metric math expression one by one."""
    if "Metrics" in properties:
        queries = (query for query in properties["Metrics"] if "MetricStat" in query)
        metrics = [query["MetricStat"]["Metric"] for query in queries]
    else:
        metrics = [properties]
    return [
        Metric(m["Namespace"], m["MetricName"], {d["Name"]: d["Value"] for d in m["Dimensions"]})
        for m in metrics
    ]


def dashboard_metrics(stack: Synthesized) -> list[Metric]:
    """Return the metrics that the dashboard shows."""
    metrics = []
    for widget in widgets(stack):
        for metric in widget["properties"].get("metrics", ()):
            # A metric math expression is an object; a metric is a list, with options at its end.
            if not isinstance(metric[0], dict):
                namespace, name, *pairs = [item for item in metric if not isinstance(item, dict)]
                dimensions = dict(zip(pairs[::2], pairs[1::2], strict=True))
                metrics.append(Metric(namespace, name, dimensions))
    return metrics
