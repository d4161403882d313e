"""The dashboard: its rows, the alarms and their thresholds."""

from common.aws.timeouts import LAMBDA_TIMEOUT
from common.entities import ENTITIES
from infra.spec.routes import FUNCTIONS
from tests.support.templates.dashboard import widgets
from tests.support.templates.synthesized import Synthesized


def test_the_dashboard_shows_every_alarm(stack: Synthesized) -> None:
    (status,) = (w for w in widgets(stack) if w["type"] == "alarm")
    alarms = set(status["properties"]["alarms"])
    assert alarms == {f"${{{a.path}.Arn}}" for a in stack.all("AWS::CloudWatch::Alarm")}


def test_the_dashboard_has_a_row_for_each_concern_and_each_function(stack: Synthesized) -> None:
    rows: dict[int, set[str]] = {}
    for widget in widgets(stack):
        title = str(widget["properties"]["title"])
        rows.setdefault(widget["y"], set()).add(title.partition(":")[0])
    assert list(rows.values()) == [
        {"Alarms"},
        {"API"},
        *({name} for name in FUNCTIONS),
        *({f"Table of {entity.plural}"} for entity in ENTITIES),
        *({entity.plural.capitalize()} for entity in ENTITIES),
        {"Dependencies", "DynamoDB"},
        {"Archive"},
    ]


def test_a_graph_with_an_alarm_shows_its_threshold(stack: Synthesized) -> None:
    thresholds = {
        properties["title"]: [line["value"] for line in properties["annotations"]["horizontal"]]
        for properties in (widget["properties"] for widget in widgets(stack))
        if "annotations" in properties
    }
    assert thresholds == {
        "API: latency": [stack.stage.latency_p99_ms],
        **{f"{name}: duration": [0.8 * 1_000 * LAMBDA_TIMEOUT] for name in FUNCTIONS},
        **{
            f"{entity.plural.capitalize()}: failed (%)": [stack.stage.failed_percent]
            for entity in ENTITIES
            if entity.failures
        },
    }
