"""Evaluate each alarm on both sides of its threshold."""

from collections.abc import Sequence

import pytest

from common.entities import ENTITIES
from infra.monitoring.alarms import failure_alarm
from infra.spec.stages import STAGES
from local.emulator import alarms
from tests.support.alarm_data import MetricValues, data_by_alarm
from tests.support.templates.metrics import alarm
from tests.support.templates.synthesized import Properties, Synthesized

NOW = 1_000_000.0
NAMES = list(data_by_alarm(STAGES["dev"]))

AT_ONCE = {"ArchiveLoss", *(failure_alarm(entity) for entity in ENTITIES)}
"""The alarms that one period raises."""


def state(properties: Properties, data: MetricValues, periods: Sequence[int]) -> str:
    """Return the alarm's state if its metrics had ``data`` in ``periods``, counted backwards."""
    dimensions: dict[str, object] = {}

    def read(query: alarms.Query, start: float, _: float) -> alarms.Value:
        ago = round((NOW - start) // query["Period"])
        # If a metric exists for several operations or functions, only the first has data.
        first = dimensions.setdefault(query["MetricName"], query["Dimensions"])
        values = data.get(query["MetricName"])
        if ago not in periods or values is None or query["Dimensions"] != first:
            return None
        total = sum(value * count for value, count in values.items())
        match query["Stat"]:
            case "Sum":
                return total
            case "Average":
                return total / sum(values.values())
        # A percentile of equal values.
        (value,) = values
        return value

    return alarms.evaluate_alarm(properties, read, NOW)[0]


def test_every_alarm_has_test_data(stack: Synthesized) -> None:
    names = {r.properties["AlarmName"] for r in stack.all("AWS::CloudWatch::Alarm")}
    assert names == {f"{stack.stage.prefix}-{name}" for name in data_by_alarm(stack.stage)}


@pytest.mark.mission("Alarms that trigger when error thresholds are exceeded")
@pytest.mark.parametrize("name", NAMES)
def test_an_alarm_is_raised_only_beyond_its_threshold(name: str, stack: Synthesized) -> None:
    properties = alarm(stack, name)
    beyond, within = data_by_alarm(stack.stage)[name]
    all_periods = range(1, properties["EvaluationPeriods"] + 1)
    assert state(properties, beyond, all_periods) == "ALARM"
    assert state(properties, within, all_periods) == "OK"


@pytest.mark.parametrize("name", NAMES)
def test_an_alarm_needs_its_number_of_periods(name: str, stack: Synthesized) -> None:
    properties = alarm(stack, name)
    beyond, _ = data_by_alarm(stack.stage)[name]
    datapoints, periods = properties["DatapointsToAlarm"], properties["EvaluationPeriods"]
    assert (datapoints, periods) == ((1, 1) if name in AT_ONCE else (3, 5))
    scattered = range(1, periods + 1, 2)
    assert state(properties, beyond, scattered) == "ALARM"
    assert state(properties, beyond, scattered[1:]) == "OK"


@pytest.mark.parametrize("name", NAMES)
def test_missing_data_raises_no_alarm(name: str, stack: Synthesized) -> None:
    assert state(alarm(stack, name), {}, [1]) == "OK"
