"""Alarms that reach somebody, and a dashboard that shows them all."""

import re

import pytest

from common.aws.timeouts import LAMBDA_TIMEOUT
from infra.spec.paths import DOCS
from infra.spec.routes import FUNCTIONS, ROUTES, Function
from tests.support.emitted_metrics import EMITTED_METRICS, METRIC_DIMENSIONS
from tests.support.templates.dashboard import widgets
from tests.support.templates.synthesized import Properties, Synthesized

TOPIC = "${Monitoring/Alarms}"


def alarm(stack: Synthesized, name: str) -> Properties:
    return stack.one(
        "AWS::CloudWatch::Alarm",
        lambda p: p["AlarmName"] == f"job-ledger-{stack.stage.name}-{name}",
    )


def expression(properties: Properties) -> str:
    (found,) = (m["Expression"] for m in properties["Metrics"] if m["ReturnData"])
    return str(found)


def watched(properties: Properties) -> set[tuple[str, str]]:
    """The metrics behind an alarm: namespace and name."""
    if "Metrics" not in properties:
        return {(properties["Namespace"], properties["MetricName"])}
    metrics = [m["MetricStat"]["Metric"] for m in properties["Metrics"] if "MetricStat" in m]
    return {(m["Namespace"], m["MetricName"]) for m in metrics}


def dimensions(properties: Properties) -> list[dict[str, str]]:
    return [
        {d["Name"]: d["Value"] for d in m["MetricStat"]["Metric"]["Dimensions"]}
        for m in properties["Metrics"]
        if "MetricStat" in m
    ]


def test_every_alarm_notifies_the_topic_when_it_starts_and_ends(stack: Synthesized) -> None:
    for resource in stack.all("AWS::CloudWatch::Alarm"):
        assert resource.properties["AlarmActions"] == [TOPIC]
        assert resource.properties["OKActions"] == [TOPIC]
        assert resource.properties["TreatMissingData"] == "notBreaching"
        assert resource.properties["AlarmDescription"]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_an_alarm_watches_the_failures_of_each_function(name: Function, stack: Synthesized) -> None:
    found = alarm(stack, f"{name.capitalize()}Failures")
    assert found["Threshold"] == stack.stage.error_rate_percent
    assert watched(found) == {
        ("JobLedger", "Faults"),
        ("AWS/Lambda", "Errors"),
        ("AWS/Lambda", "Invocations"),
    }
    assert {"service": f"job-ledger-{stack.stage.name}", "function": name} in dimensions(found)
    assert {"FunctionName": f"${{{name.capitalize()}/Function}}"} in dimensions(found)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_an_alarm_watches_the_throttles_of_each_function(
    name: Function, stack: Synthesized
) -> None:
    found = alarm(stack, f"{name.capitalize()}Throttles")
    assert watched(found) == {("AWS/Lambda", "Throttles")}
    assert (found["Threshold"], found["Statistic"]) == (1, "Sum")


@pytest.mark.parametrize("name", FUNCTIONS)
def test_an_alarm_watches_the_duration_of_each_function(name: Function, stack: Synthesized) -> None:
    found = alarm(stack, f"{name.capitalize()}Duration")
    assert watched(found) == {("AWS/Lambda", "Duration")}
    assert found["ExtendedStatistic"] == "p99"
    assert found["Threshold"] == 0.8 * 1_000 * LAMBDA_TIMEOUT


def test_an_alarm_watches_the_failures_of_the_api(stack: Synthesized) -> None:
    found = alarm(stack, "ApiFailures")
    assert watched(found) == {("AWS/ApiGateway", "5XXError")}
    assert found["Statistic"] == "Average"
    assert found["Threshold"] == stack.stage.error_rate_percent / 100


def test_an_alarm_watches_the_latency_of_the_api(stack: Synthesized) -> None:
    found = alarm(stack, "ApiLatency")
    assert watched(found) == {("AWS/ApiGateway", "Latency")}
    assert found["ExtendedStatistic"] == "p99"
    assert found["Threshold"] == stack.stage.latency_p99_ms


@pytest.mark.parametrize(
    ("name", "metric"), [("TableThrottles", "ThrottledRequests"), ("TableFailures", "SystemErrors")]
)
def test_alarms_watch_every_operation_of_the_routes_on_the_table(
    name: str, metric: str, stack: Synthesized
) -> None:
    found = alarm(stack, name)
    assert watched(found) == {("AWS/DynamoDB", metric)}
    operations = {d["Operation"] for d in dimensions(found)}
    assert operations == {a.split(":")[1] for r in ROUTES for a in r.table + r.indexes}
    assert {d["TableName"] for d in dimensions(found)} == {"${Table/Jobs}"}


def test_an_alarm_watches_the_share_of_failed_jobs(stack: Synthesized) -> None:
    found = alarm(stack, "FailedJobs")
    assert watched(found) == {
        ("JobLedger", "JobsFailed"),
        ("JobLedger", "JobsSucceeded"),
        ("JobLedger", "JobsCancelled"),
    }
    assert found["Threshold"] == stack.stage.failed_jobs_percent


@pytest.mark.parametrize(
    ("name", "metric"),
    [("ArchiveFailures", "ArchiveFailures"), ("ArchiveLoss", "ArchiveDroppedLines")],
)
def test_alarms_watch_the_uploads_of_every_function(
    name: str, metric: str, stack: Synthesized
) -> None:
    found = alarm(stack, name)
    assert watched(found) == {("JobLedger", metric)}
    assert {d["function"] for d in dimensions(found)} == set(FUNCTIONS)


def test_a_metric_without_data_does_not_hide_the_others(stack: Synthesized) -> None:
    for resource in stack.all("AWS::CloudWatch::Alarm", lambda p: len(p.get("Metrics", [])) > 2):
        metrics = [m["Id"] for m in resource.properties["Metrics"] if "MetricStat" in m]
        text = expression(resource.properties)
        for name in metrics:
            assert set(re.findall(rf".{{5}}\b{name}\b.{{4}}", text)) == {f"FILL({name}, 0)"}


def test_cloudwatch_of_this_account_can_publish_to_the_encrypted_topic(stack: Synthesized) -> None:
    topic = stack.one("AWS::SNS::Topic")
    key = stack.one("AWS::KMS::Key")
    ours = {"StringEquals": {"aws:SourceAccount": "${AWS::AccountId}"}}
    cloudwatch = {"Service": "cloudwatch.amazonaws.com"}
    assert topic["KmsMasterKeyId"] == "${Monitoring/TopicKey.Arn}"
    assert key["EnableKeyRotation"] is True
    (usage,) = (s for s in key["KeyPolicy"]["Statement"] if s["Principal"] == cloudwatch)
    assert usage["Action"] == ["kms:Decrypt", "kms:GenerateDataKey*"]
    assert usage["Condition"] == ours
    statements = stack.one("AWS::SNS::TopicPolicy")["PolicyDocument"]["Statement"]
    (publish,) = (s for s in statements if s["Effect"] == "Allow")
    assert publish["Principal"] == cloudwatch
    assert publish["Action"] == "sns:Publish"
    assert publish["Condition"] == ours


def test_the_topic_requires_tls(stack: Synthesized) -> None:
    statements = stack.one("AWS::SNS::TopicPolicy")["PolicyDocument"]["Statement"]
    (denial,) = (s for s in statements if s["Effect"] == "Deny")
    assert denial["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_an_email_address_can_subscribe_to_alarms(variant: Synthesized, dev: Synthesized) -> None:
    subscription = variant.one("AWS::SNS::Subscription")
    assert (subscription["Protocol"], subscription["Endpoint"]) == ("email", "ops@example.com")
    assert dev.all("AWS::SNS::Subscription") == []


def test_the_dashboard_shows_every_alarm(stack: Synthesized) -> None:
    (status,) = (w for w in widgets(stack) if w["type"] == "alarm")
    shown = set(status["properties"]["alarms"])
    assert shown == {f"${{{a.path}.Arn}}" for a in stack.all("AWS::CloudWatch::Alarm")}


def test_the_dashboard_has_a_row_for_each_concern_and_each_function(stack: Synthesized) -> None:
    rows: dict[int, set[str]] = {}
    for widget in widgets(stack):
        title = str(widget["properties"]["title"])
        rows.setdefault(widget["y"], set()).add(title.partition(":")[0])
    assert list(rows.values()) == [
        {"Alarms"},
        {"API"},
        *({name} for name in FUNCTIONS),
        {"Table"},
        {"Jobs"},
        {"Archive"},
    ]


AWS_METRICS = {
    # https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-metrics-and-dimensions.html
    "AWS/ApiGateway": (
        {
            *("Count", "4XXError", "5XXError", "Latency", "IntegrationLatency"),
            *("CacheHitCount", "CacheMissCount"),
        },
        {"ApiName", "Stage"},
    ),
    # https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
    "AWS/Lambda": (
        {"Invocations", "Errors", "Throttles", "Duration", "ConcurrentExecutions"},
        {"FunctionName"},
    ),
}
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/metrics-dimensions.html
TABLE_METRICS = {
    "ThrottledRequests": {"TableName", "Operation"},
    "SystemErrors": {"TableName", "Operation"},
    "SuccessfulRequestLatency": {"TableName", "Operation"},
    "ConsumedReadCapacityUnits": {"TableName"},
    "ConsumedWriteCapacityUnits": {"TableName"},
}


def shown(stack: Synthesized) -> list[tuple[str, str, dict[str, str]]]:
    """The metrics on the dashboard: namespace, name and dimensions."""
    found = []
    for widget in widgets(stack):
        for metric in widget["properties"].get("metrics", ()):
            if not isinstance(metric[0], dict):
                names = [each for each in metric if not isinstance(each, dict)]
                namespace, name, *pairs = names
                found.append((namespace, name, dict(zip(pairs[::2], pairs[1::2], strict=True))))
    return found


def alarming(stack: Synthesized) -> list[tuple[str, str, dict[str, str]]]:
    """The metrics behind alarms: namespace, name and dimensions."""
    metrics = [
        metric
        for resource in stack.all("AWS::CloudWatch::Alarm")
        for metric in (
            [m["MetricStat"]["Metric"] for m in resource.properties["Metrics"] if "MetricStat" in m]
            if "Metrics" in resource.properties
            else [resource.properties]
        )
    ]
    return [
        (m["Namespace"], m["MetricName"], {d["Name"]: d["Value"] for d in m["Dimensions"]})
        for m in metrics
    ]


def test_every_metric_of_the_dashboard_and_the_alarms_exists(
    stack: Synthesized,
) -> None:
    ours = {f"${{{name.capitalize()}/Function}}" for name in FUNCTIONS}
    ours |= {stack.stage.prefix, f"${{Api/Rest/DeploymentStage.{stack.stage.name}}}"}
    operations = {a.split(":")[1] for r in ROUTES for a in r.table + r.indexes}
    assert alarming(stack)
    for namespace, name, dimensions in shown(stack) + alarming(stack):
        match namespace:
            case "JobLedger":
                assert dimensions.keys() == METRIC_DIMENSIONS
                assert dimensions["service"] == stack.stage.prefix
                assert name in EMITTED_METRICS[dimensions["function"]]
            case "AWS/DynamoDB":
                assert dimensions.keys() == TABLE_METRICS[name]
                assert dimensions["TableName"] == "${Table/Jobs}"
                assert dimensions.get("Operation", "Query") in operations
            case _:
                names, keys = AWS_METRICS[namespace]
                assert name in names
                assert dimensions.keys() == keys
                assert {*dimensions.values()} <= ours


def test_the_dashboard_shows_every_metric_of_the_functions(stack: Synthesized) -> None:
    told = {
        (d["function"], name) for namespace, name, d in shown(stack) if namespace == "JobLedger"
    }
    assert told == {
        (function, name) for function, names in EMITTED_METRICS.items() for name in names
    }


def test_the_documentation_explains_every_metric(stack: Synthesized) -> None:
    page = (DOCS / "observability.md").read_text()
    explained = set(re.findall(r"\b[A-Z]\w+", page.split("## Metrics")[1].split("## Traces")[0]))
    assert explained >= set().union(*EMITTED_METRICS.values())


def test_a_graph_with_an_alarm_shows_its_threshold(stack: Synthesized) -> None:
    marked = {
        properties["title"]: [line["value"] for line in properties["annotations"]["horizontal"]]
        for properties in (widget["properties"] for widget in widgets(stack))
        if "annotations" in properties
    }
    assert marked == {
        "API: latency": [stack.stage.latency_p99_ms],
        **{f"{name}: duration": [0.8 * 1_000 * LAMBDA_TIMEOUT] for name in FUNCTIONS},
        "Jobs: failed (%)": [stack.stage.failed_jobs_percent],
    }
