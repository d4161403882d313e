"""Each alarm on both sides of its threshold, evaluated from the template."""

from collections.abc import Sequence

import pytest

from infra.monitoring.alarms import RUNBOOKS
from infra.spec.paths import PROJECT
from infra.spec.stages import STAGES
from local.emulator import alarms
from tests.support.alarm_data import MetricValues, data_by_alarm
from tests.support.templates.synthesized import Properties, Synthesized

NOW = 1_000_000.0
NAMES = list(data_by_alarm(STAGES["dev"]))


def alarm(stack: Synthesized, name: str) -> Properties:
    return stack.one(
        "AWS::CloudWatch::Alarm", lambda p: p["AlarmName"] == f"{stack.stage.prefix}-{name}"
    )


def state(alarm: Properties, data: MetricValues, periods: Sequence[int]) -> str:
    """The alarm's state when its metrics had ``data`` so many periods ago, and else none."""
    seen: dict[str, object] = {}

    def read(query: alarms.Query, start: float, _: float) -> alarms.Value:
        ago = round((NOW - start) // query["Period"])
        # Of the same metric of several operations or functions, one has data.
        one = seen.setdefault(query["MetricName"], query["Dimensions"])
        values = data.get(query["MetricName"])
        if ago not in periods or values is None or query["Dimensions"] != one:
            return None
        total = sum(value * count for value, count in values.items())
        match query["Stat"]:
            case "Sum":
                return total
            case "Average":
                return total / sum(values.values())
        # All that a percentile is asked of here is the same.
        (value,) = values
        return value

    return alarms.evaluate_alarm(alarm, read, NOW)[0]


def test_every_alarm_has_test_data(stack: Synthesized) -> None:
    names = {r.properties["AlarmName"] for r in stack.all("AWS::CloudWatch::Alarm")}
    assert names == {f"{stack.stage.prefix}-{name}" for name in data_by_alarm(stack.stage)}


@pytest.mark.parametrize("name", NAMES)
def test_an_alarm_is_raised_only_beyond_its_threshold(name: str, stack: Synthesized) -> None:
    found = alarm(stack, name)
    beyond, within = data_by_alarm(stack.stage)[name]
    everywhere = range(1, found["EvaluationPeriods"] + 1)
    assert state(found, beyond, everywhere) == "ALARM"
    assert state(found, within, everywhere) == "OK"


@pytest.mark.parametrize("name", NAMES)
def test_an_alarm_needs_its_number_of_periods(name: str, stack: Synthesized) -> None:
    found = alarm(stack, name)
    beyond, _ = data_by_alarm(stack.stage)[name]
    needed, of = found["DatapointsToAlarm"], found["EvaluationPeriods"]
    assert (needed, of) == ((1, 1) if name in ("FailedJobs", "ArchiveLoss") else (3, 5))
    scattered = range(1, of + 1, 2)
    assert state(found, beyond, scattered) == "ALARM"
    assert state(found, beyond, scattered[1:]) == "OK"


@pytest.mark.parametrize("name", NAMES)
def test_missing_data_raises_no_alarm(name: str, stack: Synthesized) -> None:
    assert state(alarm(stack, name), {}, [1]) == "OK"


@pytest.mark.parametrize("name", NAMES)
def test_an_alarm_links_its_chapter_of_the_runbooks(name: str, stack: Synthesized) -> None:
    text, _, link = alarm(stack, name)["AlarmDescription"].partition(" What to do: ")
    assert text
    path, _, anchor = link.partition("#")
    assert path == RUNBOOKS
    chapters = (PROJECT / path).read_text().split("\n## ")[1:]
    (chapter,) = (c for c in chapters if c.split("\n")[0].lower().replace(" ", "-") == anchor)
    for part in ("What it means.", "Where to look.", "What to do."):
        assert chapter.count(f"**{part}**") == 1


def test_the_runbooks_list_the_thresholds_of_every_stage() -> None:
    dev, prod = STAGES["dev"], STAGES["prod"]
    lines = (PROJECT / RUNBOOKS).read_text().splitlines()
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines if "|" in line]
    told = {row[0]: row[2:4] for row in rows}
    assert told["ApiFailures"] == told["…Failures, per function"]
    assert told["ApiFailures"] == [f"> {s.error_rate_percent:g} %" for s in (dev, prod)]
    assert told["ApiLatency"] == [f"> {s.latency_p99_ms} ms" for s in (dev, prod)]
    assert told["FailedJobs"] == [f"> {s.failed_jobs_percent:g} %" for s in (dev, prod)]
