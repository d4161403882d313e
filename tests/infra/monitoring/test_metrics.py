"""The metrics of alarms and dashboard: each exists, and each metric of the functions is shown."""

import pytest

from common.entities import ENTITIES
from infra.spec import service
from infra.spec.routes import FUNCTIONS, ROUTES
from tests.support.emitted_metrics import (
    EMITTED_METRICS,
    ENTITY_METRICS,
    METRIC_DIMENSIONS,
    documented_metrics,
)
from tests.support.templates.metrics import alarm_metrics, dashboard_metrics
from tests.support.templates.synthesized import Synthesized
from tests.support.templates.tables import table_path

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


def test_every_metric_of_the_dashboard_and_the_alarms_exists(stack: Synthesized) -> None:
    known_values = {f"${{{name.capitalize()}/Function}}" for name in FUNCTIONS}
    known_values |= {stack.stage.prefix, f"${{Api/Rest/DeploymentStage.{stack.stage.name}}}"}
    tables = {f"${{{table_path(entity)}}}" for entity in ENTITIES}
    operations = {a.split(":")[1] for r in ROUTES for a in r.table + r.indexes}
    metrics_of_alarms = [
        metric
        for resource in stack.all("AWS::CloudWatch::Alarm")
        for metric in alarm_metrics(resource.properties)
    ]
    assert metrics_of_alarms
    for namespace, name, dimensions in dashboard_metrics(stack) + metrics_of_alarms:
        match namespace:
            case service.METRICS_NAMESPACE:
                assert dimensions.keys() == METRIC_DIMENSIONS
                assert dimensions["service"] == stack.stage.prefix
                assert name in EMITTED_METRICS[dimensions["function"]]
            case "AWS/DynamoDB":
                assert dimensions.keys() == TABLE_METRICS[name]
                assert dimensions["TableName"] in tables
                assert dimensions.get("Operation", "Query") in operations
            case _:
                names, keys = AWS_METRICS[namespace]
                assert name in names
                assert dimensions.keys() == keys
                assert {*dimensions.values()} <= known_values


@pytest.mark.mission("Create CloudWatch dashboard showing key metrics")
def test_the_dashboard_shows_every_metric_of_the_functions(stack: Synthesized) -> None:
    metrics = {
        (dimensions["function"], name)
        for namespace, name, dimensions in dashboard_metrics(stack)
        if namespace == service.METRICS_NAMESPACE
    }
    assert metrics == {
        (function, name) for function, names in EMITTED_METRICS.items() for name in names
    }


def test_the_documentation_explains_every_metric_that_does_not_depend_on_the_entities() -> None:
    assert documented_metrics() >= set().union(*EMITTED_METRICS.values()) - ENTITY_METRICS
