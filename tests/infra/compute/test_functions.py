"""The Lambda functions of the template."""

import json

import pytest

from common.aws.timeouts import API_GATEWAY_TIMEOUT, LAMBDA_TIMEOUT
from infra.spec.routes import FUNCTIONS, Function, entities_of, routes_of
from infra.spec.service import METRICS_NAMESPACE, SERVICE_NAME
from tests.support.templates.synthesized import Properties, Synthesized
from tests.support.templates.tables import table_path


def function(stack: Synthesized, name: str) -> Properties:
    return stack.at(f"{name.capitalize()}/Function").properties


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_runs_on_python_3_13_and_arm_with_the_shared_layer(
    name: Function, stack: Synthesized
) -> None:
    properties = function(stack, name)
    assert properties["Runtime"] == "python3.13"
    assert properties["Architectures"] == ["arm64"]
    assert properties["Handler"] == "handler.handler"
    assert properties["Layers"] == ["${Layer/Version}"]
    assert properties["MemorySize"] == stack.stage.memory_mb


@pytest.mark.mission("CloudWatch logs for debugging")
@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_writes_json_into_its_own_log_group_and_traces(
    name: Function, stack: Synthesized
) -> None:
    properties = function(stack, name)
    assert properties["LoggingConfig"] == {
        "LogFormat": "JSON",
        "LogGroup": f"${{{name.capitalize()}/Logs}}",
    }
    assert properties["TracingConfig"] == {"Mode": "Active"}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_times_out_before_api_gateway_does(name: Function, stack: Synthesized) -> None:
    integrations = [
        m.properties["Integration"]
        for m in stack.all("AWS::ApiGateway::Method")
        if f"{name.capitalize()}/Function" in str(m.properties["Integration"].get("Uri"))
    ]
    assert function(stack, name)["Timeout"] == LAMBDA_TIMEOUT
    assert {i["TimeoutInMillis"] for i in integrations} == {1_000 * API_GATEWAY_TIMEOUT}
    assert LAMBDA_TIMEOUT < API_GATEWAY_TIMEOUT


@pytest.mark.mission(
    "Use environment variables for configuration.",
    "DynamoDB table name, S3 bucket name.",
)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_environment_holds_the_settings_of_the_function(
    name: Function, stack: Synthesized
) -> None:
    stage = stack.stage
    ssm_parameters = {parameter for route in routes_of(name) for parameter in route.ssm_parameters}
    parameters = {
        "config": {"CONFIG_PARAMETER": "${Parameters/Config}"},
        "cursor-key": {"CURSOR_KEY_PARAMETER": "${Parameters/CursorKey}"},
    }
    environment = {
        "FUNCTION": name,
        "TABLE_NAMES": json.dumps(
            {entity.collection: f"${{{table_path(entity)}}}" for entity in entities_of(name)}
        ),
        "SHARDS": str(stage.shards),
        "ARCHIVE_BUCKET": "${Archive/Logs}",
        "ARCHIVE_FLUSH_SECONDS": str(stage.archive_flush_seconds),
        "CORS_ORIGINS": ",".join(stage.cors_origins),
        "POWERTOOLS_SERVICE_NAME": f"{SERVICE_NAME}-{stage.name}",
        "POWERTOOLS_METRICS_NAMESPACE": METRICS_NAMESPACE,
        "POWERTOOLS_LOG_LEVEL": "INFO",
    }
    for parameter in ssm_parameters:
        environment |= parameters[parameter]
    if name == "read":
        cached = {f"{r.method} {r.path}": 5 for r in routes_of(name)}
        environment["CACHE_TTL"] = json.dumps(cached)
    assert function(stack, name)["Environment"]["Variables"] == environment


def test_the_layer_is_for_the_runtime_of_the_functions(stack: Synthesized) -> None:
    layer = stack.one("AWS::Lambda::LayerVersion")
    assert layer["CompatibleRuntimes"] == ["python3.13"]
    assert layer["CompatibleArchitectures"] == ["arm64"]


def test_with_snapstart_the_api_invokes_the_version_with_the_snapshot(
    variant: Synthesized,
) -> None:
    for name in FUNCTIONS:
        path = name.capitalize()
        assert function(variant, name)["SnapStart"] == {"ApplyOn": "PublishedVersions"}
        alias = variant.at(f"{path}/Live").properties
        assert alias["FunctionName"] == f"${{{path}/Function}}"
        assert alias["FunctionVersion"].startswith(f"${{{path}/Function/CurrentVersion")
    targets = {
        m.properties["Integration"]["Uri"].split("functions/")[1]
        for m in variant.all(
            "AWS::ApiGateway::Method", lambda p: p["Integration"]["Type"] == "AWS_PROXY"
        )
    }
    assert targets == {f"${{{name.capitalize()}/Live}}/invocations" for name in FUNCTIONS}


def test_only_snapstart_publishes_versions(stack: Synthesized) -> None:
    assert bool(stack.all("AWS::Lambda::Version")) == stack.stage.snap_start
    assert bool(stack.all("AWS::Lambda::Alias")) == stack.stage.snap_start
