"""Evaluate alarms as CloudWatch does: M out of N periods, missing data, and metric math.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation.html
"""

import ast
import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

Query = Mapping[str, Any]
"""A metric: the Namespace, MetricName, Dimensions, Period and Stat of GetMetricData."""

Value: TypeAlias = float | None
"""The value of a metric in one period; None without data."""

Read = Callable[[Query, float, float], Value]
"""Read the value of a metric between two times, in epoch seconds."""

_COMPARISONS: Mapping[str, Callable[[float, float], bool]] = {
    "GreaterThanOrEqualToThreshold": operator.ge,
    "GreaterThanThreshold": operator.gt,
}
_BINARY: Mapping[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}


def evaluate_alarm(alarm: Mapping[str, Any], read: Read, now: float) -> tuple[str, str]:
    """Return the state of an alarm, and the reason.

    Args:
        alarm: The alarm as DescribeAlarms returns it.
        read: Reads the metrics' values.
        now: The time in epoch seconds. Its period has not ended, and so does not count yet.

    Raises:
        NotImplementedError: The alarm does not treat missing data as notBreaching, or its
            expression has an unknown function.
        KeyError: The alarm has another comparison operator than the two of "greater than".
    """
    if alarm["TreatMissingData"] != "notBreaching":
        raise NotImplementedError(f"TreatMissingData={alarm['TreatMissingData']}")
    breaches = _COMPARISONS[alarm["ComparisonOperator"]]
    periods = alarm["EvaluationPeriods"]
    values = [value for value in _values(alarm, read, now, periods) if value is not None]
    breaching = [value for value in values if breaches(value, alarm["Threshold"])]
    needed = alarm.get("DatapointsToAlarm") or periods
    reason = f"{len(breaching)} of the last {periods} datapoints {breaching} are beyond"
    return (
        "ALARM" if len(breaching) >= needed else "OK",
        f"{reason} the threshold ({alarm['Threshold']}); {needed} raise the alarm.",
    )


def metric_queries(alarm: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the metrics of an alarm as queries, even if the alarm has a single metric."""
    if alarm.get("Metrics"):
        return list(alarm["Metrics"])
    metric = {name: alarm[name] for name in ("Namespace", "MetricName", "Dimensions")}
    stat = alarm.get("ExtendedStatistic") or alarm["Statistic"]
    metric_stat = {"Metric": metric, "Period": alarm["Period"], "Stat": stat}
    return [{"Id": "metric", "MetricStat": metric_stat, "ReturnData": True}]


def _values(alarm: Mapping[str, Any], read: Read, now: float, periods: int) -> Sequence[Value]:
    queries = metric_queries(alarm)
    (result,) = (query for query in queries if query.get("ReturnData", True))
    series = {
        query["Id"]: _series({**stat["Metric"], **stat}, read, now, periods)
        for query in queries
        if (stat := query.get("MetricStat"))
    }
    if "Expression" in result:
        return evaluate_expression(result["Expression"], series)
    return series[result["Id"]]


def _series(query: Query, read: Read, now: float, periods: int) -> list[Value]:
    period = query["Period"]
    end = now // period * period
    starts = [end - period * number for number in range(periods, 0, -1)]
    return [read(query, start, start + period) for start in starts]


def evaluate_expression(expression: str, series: Mapping[str, Sequence[Value]]) -> list[Value]:
    """Return the values of a metric math expression, one for each period.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html

    Args:
        expression: Sums, products, quotients, comparisons, IF and FILL. Their syntax is also
            valid Python.
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
