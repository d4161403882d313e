"""Parse the embedded metric format, as CloudWatch Logs does.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

import json
from collections.abc import Iterator
from typing import NamedTuple


class Datum(NamedTuple):
    """One value of one metric."""

    namespace: str
    name: str
    dimensions: dict[str, str]
    """Each set of dimensions is a separate metric."""
    value: float
    unit: str
    time: float
    """In epoch seconds."""


def parse_metrics(line: str) -> Iterator[Datum]:
    """Yield the values in a log line; none if the line is not in the embedded metric format."""
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
