"""CloudWatch: evaluate alarms in time, and record the metrics that the services emit."""

import bisect
import threading
import time
from collections.abc import Mapping, Sequence
from operator import itemgetter
from typing import Any

from ministack import app
from ministack.services import cloudwatch, cloudwatch_logs, lambda_svc
from ministack.services.cloudformation import provisioners

from local.emulator import alarms, embedded_metrics
from local.emulator.patches.api_request import Answer, ApiRequest, Invocation
from local.emulator.wrapping import Wrapper, wrap

_EVALUATION_SECONDS = 1.0
"""The time between two evaluations of all alarms."""

_TIME = itemgetter("Timestamp")

_read: dict[tuple[Any, ...], tuple[int, alarms.Value]] = {}
"""The number of points and the value of each metric and statistic in a period."""

_READ_SIZE = 10_000


def accept_metric_math() -> None:
    """Keep alarms on expressions, which the emulator refuses."""

    @wrap(provisioners, "_cw_metric_alarm_record")
    def metric_alarm_record(native: Wrapper, name: str, props: Mapping[str, Any]) -> dict[str, Any]:
        if "Metrics" not in props:
            alarm: dict[str, Any] = native(name, props)
            return alarm
        stand_in = {key: value for key, value in props.items() if key != "Metrics"}
        alarm = native(name, {**stand_in, "Namespace": "-", "MetricName": "-"})
        return {**alarm, "Namespace": None, "MetricName": None, "Metrics": props["Metrics"]}


class _SortedPoints(list[dict[str, Any]]):
    """A metric's points in the order of time, so that those of a period are found quickly."""

    def append(self, point: dict[str, Any]) -> None:
        bisect.insort(self, point, key=_TIME)


def evaluate_alarms() -> None:
    """Give alarms the state that CloudWatch would give them, and in time.

    The emulator mixes a metric's points of all dimensions and periods, knows neither expressions
    nor missing data, and evaluates alarms only when new data arrives, so that no alarm would end.
    """

    @wrap(cloudwatch, "_metric_bucket")
    def metric_bucket(native: Wrapper, key: str) -> _SortedPoints:
        points = native(key)
        if not isinstance(points, _SortedPoints):
            points = cloudwatch._metrics[key] = _SortedPoints(sorted(points, key=_TIME))
        return points

    @wrap(cloudwatch, "_evaluate_alarm")
    def evaluate(_native: Wrapper, alarm: dict[str, Any]) -> None:
        _evaluate(alarm)

    @wrap(cloudwatch, "_evaluate_all_alarms")
    def evaluate_all(_native: Wrapper) -> None:
        _evaluate_all()

    threading.Thread(target=_evaluate_repeatedly, daemon=True).start()


def _evaluate_repeatedly() -> None:
    while True:
        time.sleep(_EVALUATION_SECONDS)
        if app._MAIN_LOOP is not None:
            app._MAIN_LOOP.call_soon_threadsafe(_evaluate_all)


def _evaluate_all() -> None:
    for alarm in list(cloudwatch._alarms.values()):
        _evaluate(alarm)


def _evaluate(alarm: dict[str, Any]) -> None:
    previous_state = alarm["StateValue"]
    try:
        state, reason = alarms.evaluate_alarm(alarm, _read_metric, time.time())
    except NotImplementedError:
        return
    if state != previous_state:
        alarm |= {
            "StateValue": state,
            "StateReason": reason,
            "StateUpdatedTimestamp": int(time.time()),
        }
        cloudwatch._record_history(alarm["AlarmName"], previous_state, state, reason)
        cloudwatch._dispatch_alarm_actions(alarm, previous_state, state, reason)


def _read_metric(query: alarms.Query, start: float, end: float) -> alarms.Value:
    dimensions = cloudwatch._dims_from_list(query.get("Dimensions") or [])
    key = (query["Namespace"], query["MetricName"], cloudwatch._dims_key(dimensions))
    points = cloudwatch._metrics.get(key, ())
    first, last = (bisect.bisect_left(points, moment, key=_TIME) for moment in (start, end))
    # Each alarm reads the same periods again in each evaluation. Points are only added.
    period = (*key, query["Stat"], start, end)
    count, value = _read.get(period, (0, None))
    if count != last - first:
        value = _calculate(points[first:last], query["Stat"])
        if len(_read) >= _READ_SIZE:
            _read.clear()
        _read[period] = (last - first, value)
    return value


def _calculate(points: Sequence[dict[str, Any]], stat: str) -> alarms.Value:
    value: alarms.Value = cloudwatch._stat_value(cloudwatch._calc_stats(points), stat, points)
    return value


def extract_embedded_metrics() -> None:
    """Record the metrics in log lines of the embedded metric format."""

    @wrap(cloudwatch_logs, "_append_log_events")
    def append_log_events(
        native: Wrapper, stream: Any, events: Sequence[Mapping[str, Any]]
    ) -> None:
        native(stream, events)
        for event in events:
            for datum in embedded_metrics.parse_metrics(event["message"]):
                _store(datum)


def _store(datum: embedded_metrics.Datum) -> None:
    values = (datum.value, None, None, None)
    cloudwatch._store_datum(
        datum.namespace, datum.name, datum.dimensions, datum.time, datum.unit, *values
    )


def count_request(request: ApiRequest, _answer: Answer) -> None:
    """Record the metrics that API Gateway emits for each request.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-metrics-and-dimensions.html
    """
    segment = request.segment
    data = [
        ("Count", 1, "Count"),
        ("4XXError", 400 <= segment.status < 500, "Count"),
        ("5XXError", segment.status >= 500, "Count"),
        ("Latency", segment.milliseconds, "Milliseconds"),
    ]
    if request.invocation:
        latency = request.invocation.call.milliseconds
        data.append(("IntegrationLatency", latency, "Milliseconds"))
    dimensions = {"ApiName": request.api_name, "Stage": request.stage}
    for metric, value, unit in data:
        cloudwatch.record_metric("AWS/ApiGateway", metric, value, unit, dimensions)


def count_invocation(invocation: Invocation) -> None:
    """Record the metrics that Lambda emits for each invocation by API Gateway.

    https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
    """
    if invocation.ran:
        lambda_svc._emit_lambda_metrics(
            invocation.name, invocation.function.milliseconds, invocation.failed, throttle=False
        )
