"""What state an alarm is in: M out of N periods, missing data and metric math as in CloudWatch.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation.html
"""

import ast
import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

Query = Mapping[str, Any]
"""A metric in the words of GetMetricData: Namespace, MetricName, Dimensions; Period and Stat."""

Value: TypeAlias = float | None
"""What a metric is in one period; None without data."""

Read = Callable[[Query, float, float], Value]
"""Gives what a metric is from one time to another, in epoch seconds."""

_COMPARISONS: Mapping[str, Callable[[float, float], bool]] = {
    "GreaterThanOrEqualToThreshold": operator.ge,
    "GreaterThanThreshold": operator.gt,
}
_BINARY: Mapping[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}


def state(alarm: Mapping[str, Any], read: Read, now: float) -> tuple[str, str]:
    """The state that an alarm is in, and why.

    Args:
        alarm: The alarm as DescribeAlarms shows it. It must treat missing data as
            notBreaching, and compare upwards.
        read: Gives the metrics' values.
        now: When, in epoch seconds. The period that it falls into has not ended, and does not
            count yet.
    """
    if alarm["TreatMissingData"] != "notBreaching":
        raise NotImplementedError(f"TreatMissingData={alarm['TreatMissingData']}")
    breaches = _COMPARISONS[alarm["ComparisonOperator"]]
    periods = alarm["EvaluationPeriods"]
    values = _values(alarm, read, now, periods)
    breaching = [value for value in values if value is not None]
    breaching = [value for value in breaching if breaches(value, alarm["Threshold"])]
    needed = alarm.get("DatapointsToAlarm") or periods
    reason = f"{len(breaching)} of the last {periods} datapoints {breaching} are beyond"
    return (
        "ALARM" if len(breaching) >= needed else "OK",
        f"{reason} the threshold ({alarm['Threshold']}); {needed} raise the alarm.",
    )


def queries(alarm: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What an alarm watches, as a list of queries even if it is a single metric."""
    if alarm.get("Metrics"):
        return list(alarm["Metrics"])
    metric = {name: alarm[name] for name in ("Namespace", "MetricName", "Dimensions")}
    stat = alarm.get("ExtendedStatistic") or alarm["Statistic"]
    watched = {"Metric": metric, "Period": alarm["Period"], "Stat": stat}
    return [{"Id": "watched", "MetricStat": watched, "ReturnData": True}]


def _values(alarm: Mapping[str, Any], read: Read, now: float, periods: int) -> Sequence[Value]:
    asked = queries(alarm)
    (result,) = (query for query in asked if query.get("ReturnData", True))
    series = {
        query["Id"]: _series({**stat["Metric"], **stat}, read, now, periods)
        for query in asked
        if (stat := query.get("MetricStat"))
    }
    if "Expression" in result:
        return evaluate(result["Expression"], series)
    return series[result["Id"]]


def _series(query: Query, read: Read, now: float, periods: int) -> list[Value]:
    period = query["Period"]
    end = now // period * period
    starts = [end - period * number for number in range(periods, 0, -1)]
    return [read(query, start, start + period) for start in starts]


def evaluate(expression: str, series: Mapping[str, Sequence[Value]]) -> list[Value]:
    """The values of a metric math expression, one for each period.

    Args:
        expression: Sums, products, quotients, comparisons, IF and FILL; its syntax is a part
            of Python's.
        series: The values of the metrics, by their ids.
    """
    tree = ast.parse(expression, mode="eval").body
    length = len(next(iter(series.values())))
    return [
        _value(tree, {name: values[number] for name, values in series.items()})
        for number in range(length)
    ]


def _value(node: ast.expr, metrics: Mapping[str, Value]) -> Value:
    match node:
        case ast.Constant(value=int() | float() as number):
            return float(number)
        case ast.Name(id=name):
            return metrics[name]
        case ast.Call(func=ast.Name(id="FILL"), args=[metric, filler]):
            value = _value(metric, metrics)
            return _value(filler, metrics) if value is None else value
        case ast.Call(func=ast.Name(id="IF"), args=[condition, then, otherwise]):
            return _value(then if _value(condition, metrics) else otherwise, metrics)
        case ast.BinOp(left=left, op=op, right=right):
            a, b = _value(left, metrics), _value(right, metrics)
            return None if a is None or b is None else _BINARY[type(op)](a, b)
        case ast.Compare(left=left, ops=[ast.Gt()], comparators=[right]):
            a, b = _value(left, metrics), _value(right, metrics)
            return None if a is None or b is None else float(a > b)
    raise NotImplementedError(ast.unparse(node))
