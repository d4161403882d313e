"""A new route takes a folder and a row; the stack has everything else by itself."""

import shutil
from http import HTTPStatus
from pathlib import Path

import pytest

from common.web import problems
from infra import stack
from infra.api import rest_api
from infra.bundling.python_version import PYTHON_VERSION
from infra.compute import functions, network
from infra.monitoring import metrics
from infra.spec import routes
from infra.spec.paths import FUNCTION_SOURCES
from infra.spec.routes import Route
from infra.spec.service import SERVICE_NAME
from infra.spec.stages import STAGES
from tests.support.entities import ENTITY
from tests.support.templates.dashboard import widgets
from tests.support.templates.permissions import endpoint_permissions, role_permissions
from tests.support.templates.synthesized import Synthesized, synthesize
from tests.support.templates.tables import table_path
from tools.openapi import document, responses

ROW = Route(
    method="GET",
    path=f"{ENTITY.item_path}/history",
    entity=ENTITY,
    function="history",
    operation="readHistory",
    summary=f"Read the history of {ENTITY.article} {ENTITY.noun}",
    access="read",
    answers={HTTPStatus.OK: ENTITY.type_name},
    problems=(problems.NOT_FOUND,),
    table=("dynamodb:BatchGetItem",),
    query=("since",),
    ssm_parameters=("config",),
    cache_ttl=3,
)

BYTECODE = f"handler.cpython-{PYTHON_VERSION.replace('.', '')}.pyc"

TABLE_ARN = f"${{{table_path(ENTITY)}.Arn}}"


@pytest.fixture(scope="module")
def extended(tmp_path_factory: pytest.TempPathFactory) -> Synthesized:
    """The dev stage with another row and another folder."""
    sources = shutil.copytree(FUNCTION_SOURCES, tmp_path_factory.mktemp("sources") / "functions")
    (sources / "history").mkdir()
    (sources / "history" / "handler.py").write_text("def handler(event, context): ...\n")
    (sources / "history" / "__pycache__").mkdir()
    (sources / "history" / "__pycache__" / BYTECODE).write_bytes(b"left behind")
    rows = (*routes.ROUTES, ROW)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(functions, "FUNCTION_SOURCES", Path(sources))
        patch.setattr(stack, "FUNCTIONS", (*routes.FUNCTIONS, "history"))
        for module in (rest_api, metrics, network, routes):
            patch.setattr(module, "ROUTES", rows)
        return synthesize(STAGES["dev"], tmp_path_factory.mktemp("extended"), assets=True)


def test_a_new_route_is_a_cached_method_of_the_api(extended: Synthesized) -> None:
    method = extended.at(f"Api/Rest/Default{ROW.path}/GET").properties
    assert "${History/Function.Arn}" in method["Integration"]["Uri"]
    assert method["Integration"]["CacheKeyParameters"] == [
        f"method.request.path.{ENTITY.id_field}",
        "method.request.querystring.since",
    ]
    settings = extended.one("AWS::ApiGateway::Stage")["MethodSettings"]
    (method_settings,) = (s for s in settings if s["ResourcePath"].endswith("history"))
    assert (method_settings["CachingEnabled"], method_settings["CacheTtlInSeconds"]) == (True, 3)


def test_its_function_gets_a_role_and_a_log_group(extended: Synthesized) -> None:
    function = extended.at("History/Function").properties
    assert function["FunctionName"] == f"{SERVICE_NAME}-dev-history"
    assert function["LoggingConfig"]["LogGroup"] == "${History/Logs}"
    assert function["Environment"]["Variables"]["CONFIG_PARAMETER"] == "${Parameters/Config}"
    permissions = role_permissions(extended, "History/Role")
    assert {(a, r) for a, r in permissions if a.startswith(("dynamodb:", "s3:"))} == {
        ("dynamodb:BatchGetItem", TABLE_ARN),
        ("s3:PutObject", "${Archive/Logs.Arn}/logs/function=history/*"),
    }


def test_its_local_bytecode_is_not_uploaded(extended: Synthesized) -> None:
    key = extended.at("History/Function").properties["Code"]["S3Key"]
    asset = extended.assembly / f"asset.{key.removesuffix('.zip')}"
    bytecode = asset / "__pycache__" / BYTECODE
    assert {path for path in asset.rglob("*") if path.is_file()} == {asset / "handler.py", bytecode}
    assert b"left behind" not in bytecode.read_bytes()


def test_the_dynamodb_endpoint_allows_its_action(extended: Synthesized) -> None:
    assert ("dynamodb:BatchGetItem", TABLE_ARN) in endpoint_permissions(extended, "dynamodb")


def test_it_has_alarms_and_a_row_of_the_dashboard(extended: Synthesized) -> None:
    alarms = {alarm.path for alarm in extended.all("AWS::CloudWatch::Alarm")}
    assert alarms >= {
        "Monitoring/HistoryFailures",
        "Monitoring/HistoryThrottles",
        "Monitoring/HistoryDuration",
    }
    titles = [str(widget["properties"]["title"]) for widget in widgets(extended)]
    assert "history: invocations" in titles


def test_its_resources_are_in_the_outputs(extended: Synthesized) -> None:
    assert extended.template["Outputs"].keys() >= {"HistoryFunction", "HistoryRole", "HistoryLogs"}


def test_it_is_in_the_openapi_document(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (responses, document):
        monkeypatch.setattr(module, "ROUTES", (*routes.ROUTES, ROW))

    operation = document.document()["paths"][ROW.path]["get"]

    assert operation["operationId"] == "readHistory"
    assert [parameter["name"] for parameter in operation["parameters"]] == [
        ENTITY.id_field,
        "since",
    ]
    assert operation["responses"].keys() >= {"200", "400", "403", "404", "429", "500", "503"}
