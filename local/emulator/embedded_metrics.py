"""Metrics in log lines, as CloudWatch Logs extracts them: the embedded metric format.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

import json
from collections.abc import Iterator
from typing import NamedTuple


class Datum(NamedTuple):
    """One value of one metric.

    Args:
        namespace: The metric's namespace.
        name: The metric's name.
        dimensions: The metric's dimensions: each set of them makes a metric of its own.
        value: The value.
        unit: What it counts.
        time: When, in epoch seconds.
    """

    namespace: str
    name: str
    dimensions: dict[str, str]
    value: float
    unit: str
    time: float


def data_in(line: str) -> Iterator[Datum]:
    """The values that a log line carries; none if it is not in the embedded metric format."""
    if not line.startswith("{") or '"_aws"' not in line:
        return
    record = json.loads(line)
    for directive in record["_aws"]["CloudWatchMetrics"]:
        for names in directive["Dimensions"]:
            dimensions = {name: str(record[name]) for name in names}
            for metric in directive["Metrics"]:
                values = record[metric["Name"]]
                for value in values if isinstance(values, list) else [values]:
                    yield Datum(
                        namespace=directive["Namespace"],
                        name=metric["Name"],
                        dimensions=dimensions,
                        value=float(value),
                        unit=metric.get("Unit", "None"),
                        time=record["_aws"]["Timestamp"] / 1000,
                    )
