"""The alarms: what each watches, whom it notifies, and its chapter of the runbooks."""

import re

import pytest

from common.aws.timeouts import LAMBDA_TIMEOUT
from common.crud.entity import Entity, event_of
from infra.monitoring.alarms import RUNBOOKS
from infra.spec.paths import PROJECT
from infra.spec.routes import FUNCTIONS, ROUTES, Function
from infra.spec.service import METRICS_NAMESPACE, SERVICE_NAME
from infra.spec.stages import STAGES
from tests.support.alarm_data import data_by_alarm
from tests.support.templates.metrics import alarm, alarm_metrics
from tests.support.templates.synthesized import Properties, Synthesized
from tests.support.templates.tables import each_entity, table_path

TOPIC = "${Monitoring/Alarms}"
NAMES = list(data_by_alarm(STAGES["dev"]))


def watched_metrics(properties: Properties) -> set[tuple[str, str]]:
    """Return namespace and name of the metrics that an alarm watches."""
    return {(metric.namespace, metric.name) for metric in alarm_metrics(properties)}


def dimensions(properties: Properties) -> list[dict[str, str]]:
    """Return the dimensions of each metric that an alarm watches."""
    return [metric.dimensions for metric in alarm_metrics(properties)]


def expression(properties: Properties) -> str:
    (value,) = (m["Expression"] for m in properties["Metrics"] if m["ReturnData"])
    return str(value)


def test_every_alarm_notifies_the_topic_when_it_starts_and_ends(stack: Synthesized) -> None:
    for resource in stack.all("AWS::CloudWatch::Alarm"):
        assert resource.properties["AlarmActions"] == [TOPIC]
        assert resource.properties["OKActions"] == [TOPIC]
        assert resource.properties["TreatMissingData"] == "notBreaching"
        assert resource.properties["AlarmDescription"]


@pytest.mark.mission(
    "Set up alarm for Lambda errors exceeding threshold (you decide the threshold)",
)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_an_alarm_watches_the_failures_of_each_function(name: Function, stack: Synthesized) -> None:
    properties = alarm(stack, f"{name.capitalize()}Failures")
    assert properties["Threshold"] == stack.stage.error_rate_percent
    assert watched_metrics(properties) == {
        (METRICS_NAMESPACE, "Faults"),
        ("AWS/Lambda", "Errors"),
        ("AWS/Lambda", "Invocations"),
    }
    assert {"service": f"{SERVICE_NAME}-{stack.stage.name}", "function": name} in dimensions(
        properties
    )
    assert {"FunctionName": f"${{{name.capitalize()}/Function}}"} in dimensions(properties)


def test_an_alarm_tells_failures_of_dependencies_from_bugs(stack: Synthesized) -> None:
    properties = alarm(stack, "DependencyFailures")
    assert properties["Threshold"] == stack.stage.error_rate_percent
    assert watched_metrics(properties) == {
        (METRICS_NAMESPACE, "DependencyFailures"),
        ("AWS/Lambda", "Invocations"),
    }
    assert {d["function"] for d in dimensions(properties) if "function" in d} == set(FUNCTIONS)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_an_alarm_watches_the_throttles_of_each_function(
    name: Function, stack: Synthesized
) -> None:
    properties = alarm(stack, f"{name.capitalize()}Throttles")
    assert watched_metrics(properties) == {("AWS/Lambda", "Throttles")}
    assert (properties["Threshold"], properties["Statistic"]) == (1, "Sum")


@pytest.mark.parametrize("name", FUNCTIONS)
def test_an_alarm_watches_the_duration_of_each_function(name: Function, stack: Synthesized) -> None:
    properties = alarm(stack, f"{name.capitalize()}Duration")
    assert watched_metrics(properties) == {("AWS/Lambda", "Duration")}
    assert properties["ExtendedStatistic"] == "p99"
    assert properties["Threshold"] == 0.8 * 1_000 * LAMBDA_TIMEOUT


def test_an_alarm_watches_the_failures_of_the_api(stack: Synthesized) -> None:
    properties = alarm(stack, "ApiFailures")
    assert watched_metrics(properties) == {("AWS/ApiGateway", "5XXError")}
    assert properties["Statistic"] == "Average"
    assert properties["Threshold"] == stack.stage.error_rate_percent / 100


def test_an_alarm_watches_the_latency_of_the_api(stack: Synthesized) -> None:
    properties = alarm(stack, "ApiLatency")
    assert watched_metrics(properties) == {("AWS/ApiGateway", "Latency")}
    assert properties["ExtendedStatistic"] == "p99"
    assert properties["Threshold"] == stack.stage.latency_p99_ms


@pytest.mark.parametrize(
    ("name", "metric"), [("TableThrottles", "ThrottledRequests"), ("TableFailures", "SystemErrors")]
)
@each_entity
def test_alarms_watch_every_operation_of_the_routes_on_a_table(
    entity: Entity, name: str, metric: str, stack: Synthesized
) -> None:
    properties = alarm(stack, f"{entity.plural_type_name}{name}")
    assert watched_metrics(properties) == {("AWS/DynamoDB", metric)}
    operations = {d["Operation"] for d in dimensions(properties)}
    routes = [route for route in ROUTES if route.entity is entity]
    assert operations == {a.split(":")[1] for r in routes for a in r.table + r.indexes}
    assert {d["TableName"] for d in dimensions(properties)} == {f"${{{table_path(entity)}}}"}


@pytest.mark.mission("Implement custom metrics for business-specific monitoring")
@each_entity
def test_an_alarm_watches_the_share_of_failed_items_if_items_can_fail(
    entity: Entity, stack: Synthesized
) -> None:
    name = f"Failed{entity.plural_type_name}"
    assert (name in NAMES) is bool(entity.failures)
    if entity.failures:
        properties = alarm(stack, name)
        assert watched_metrics(properties) == {
            (METRICS_NAMESPACE, entity.metric(event_of(status))) for status in entity.ended
        }
        assert properties["Threshold"] == stack.stage.failed_percent


@pytest.mark.parametrize(
    ("name", "metric"),
    [("ArchiveFailures", "ArchiveFailures"), ("ArchiveLoss", "ArchiveDroppedLines")],
)
def test_alarms_watch_the_uploads_of_every_function(
    name: str, metric: str, stack: Synthesized
) -> None:
    properties = alarm(stack, name)
    assert watched_metrics(properties) == {(METRICS_NAMESPACE, metric)}
    assert {d["function"] for d in dimensions(properties)} == set(FUNCTIONS)


def test_a_metric_without_data_does_not_hide_the_others(stack: Synthesized) -> None:
    for resource in stack.all("AWS::CloudWatch::Alarm", lambda p: len(p.get("Metrics", [])) > 2):
        ids = [m["Id"] for m in resource.properties["Metrics"] if "MetricStat" in m]
        text = expression(resource.properties)
        for id_ in ids:
            assert set(re.findall(rf".{{5}}\b{id_}\b.{{4}}", text)) == {f"FILL({id_}, 0)"}


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
    thresholds = {row[0]: row[2:4] for row in rows}
    assert thresholds["ApiFailures"] == thresholds["…Failures, per function"]
    assert thresholds["ApiFailures"] == [f"> {s.error_rate_percent:g} %" for s in (dev, prod)]
    assert thresholds["ApiLatency"] == [f"> {s.latency_p99_ms} ms" for s in (dev, prod)]
    assert thresholds["Failed`<Items>`"] == [f"> {s.failed_percent:g} %" for s in (dev, prod)]
