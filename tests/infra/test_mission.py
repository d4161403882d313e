"""The requirements of docs/mission.md, each with the resources or the tests that fulfil it."""

import ast
import json
import re
import tomllib
from collections.abc import Callable, Iterator

import pytest

from infra.spec.paths import DOCS, PROJECT
from infra.spec.routes import FUNCTIONS, ROUTES, Function, Route
from infra.spec.service import REGION, SERVICE_NAME
from tests.support.templates.synthesized import Resource, Synthesized

Requirement = Callable[[Synthesized], list[Resource]]


def route_method(route: Route) -> Requirement:
    """Return the method of ``route`` with its integration."""
    return lambda t: t.all(
        "AWS::ApiGateway::Method",
        lambda p: (
            p["HttpMethod"] == route.method
            and p["ResourceId"] == f"${{Api/Rest/Default{route.path}}}"
            and p["Integration"]["Type"] == "AWS_PROXY"
            and f"{route.function.capitalize()}/Function" in p["Integration"]["Uri"]
        ),
    )


def preflight(path: str) -> Requirement:
    return lambda t: t.all(
        "AWS::ApiGateway::Method",
        lambda p: (
            p["HttpMethod"] == "OPTIONS" and p["ResourceId"] == f"${{Api/Rest/Default{path}}}"
        ),
    )


def function(name: Function) -> Requirement:
    return lambda t: t.all(
        "AWS::Lambda::Function",
        lambda p: p["FunctionName"] == f"{SERVICE_NAME}-{t.stage.name}-{name}",
    )


def role(name: Function) -> Requirement:
    return lambda t: [t.at(f"{name.capitalize()}/Role")]


def logs(name: Function) -> Requirement:
    return lambda t: t.all(
        "AWS::Logs::LogGroup",
        lambda p: p["LogGroupName"] == f"/aws/lambda/{SERVICE_NAME}-{t.stage.name}-{name}",
    )


ROUTE_METHODS = {f"{r.method} {r.path} reaches {r.function}": route_method(r) for r in ROUTES}
FUNCTION_RESOURCES = {f"the {name} function": function(name) for name in FUNCTIONS}
LOG_GROUPS = {f"the log group of {name}": logs(name) for name in FUNCTIONS}
ARCHIVE: dict[str, Requirement] = {
    "an archive": lambda t: t.all("AWS::S3::Bucket", lambda p: "VersioningConfiguration" in p)
}

RESOURCES: dict[str, dict[str, Requirement]] = {
    "Handles incoming API requests through API Gateway": {
        "a regional REST API": lambda t: t.all(
            "AWS::ApiGateway::RestApi",
            lambda p: p["EndpointConfiguration"]["Types"] == ["REGIONAL"],
        ),
    },
    "Routes different HTTP methods to appropriate Lambda handlers": ROUTE_METHODS,
    "Set up REST API with proper resource paths": {
        **ROUTE_METHODS,
        "the API's own errors": lambda t: t.all("AWS::ApiGateway::GatewayResponse"),
    },
    "Enable CORS with appropriate allowed origins, methods, and headers": {
        f"the preflight of {r.path}": preflight(r.path) for r in ROUTES
    },
    "Implements caching to optimize performance": {
        "an encrypted cache": lambda t: t.all(
            "AWS::ApiGateway::Stage",
            lambda p: (
                p["CacheClusterEnabled"]
                and any(
                    s["CachingEnabled"] and s["CacheDataEncrypted"] for s in p["MethodSettings"]
                )
            ),
        ),
    },
    "Configure request/response models and validators": {
        "models of responses": lambda t: t.all(
            "AWS::ApiGateway::Method",
            lambda p: all(response.get("ResponseModels") for response in p["MethodResponses"]),
        ),
        "models of request bodies": lambda t: t.all(
            "AWS::ApiGateway::Method", lambda p: p.get("RequestModels")
        ),
        "models of the bodies": lambda t: t.all("AWS::ApiGateway::Model"),
        "a validator of parameters": lambda t: t.all(
            "AWS::ApiGateway::RequestValidator", lambda p: p["ValidateRequestParameters"]
        ),
    },
    "Set up usage plans and API keys if needed": {
        "a usage plan": lambda t: t.all("AWS::ApiGateway::UsagePlan"),
        "an API key": lambda t: t.all("AWS::ApiGateway::ApiKey"),
        "the API key belongs to the usage plan": lambda t: t.all("AWS::ApiGateway::UsagePlanKey"),
    },
    "Integration with Lambda via Boto3": {
        "a table": lambda t: t.all("AWS::DynamoDB::Table"),
    },
    "Logs activities to both CloudWatch and S3": {**LOG_GROUPS, **ARCHIVE},
    "CloudWatch logs for debugging": {
        **LOG_GROUPS,
        "access logs": lambda t: t.all(
            "AWS::ApiGateway::Stage",
            lambda p: "Api/AccessLogs" in p["AccessLogSetting"]["DestinationArn"],
        ),
    },
    "S3 storage for long-term log retention": {
        **ARCHIVE,
        "the access logs of the archive": lambda t: t.all(
            "AWS::S3::Bucket",
            lambda p: "VersioningConfiguration" not in p and "LoggingConfiguration" not in p,
        ),
        "the archive as a table": lambda t: t.all(
            "AWS::Glue::Table", lambda p: p["TableInput"]["Name"] == "logs"
        ),
        "queries over the archive": lambda t: t.all("AWS::Athena::NamedQuery"),
        "a workgroup for queries": lambda t: t.all("AWS::Athena::WorkGroup"),
    },
    "Operates within a VPC for network isolation": {
        "a VPC": lambda t: t.all("AWS::EC2::VPC"),
        "flow logs": lambda t: t.all("AWS::EC2::FlowLog"),
    },
    "Ensure Lambda can access both internet resources and AWS services": {
        "a NAT gateway": lambda t: t.all("AWS::EC2::NatGateway"),
        "a private path to DynamoDB": lambda t: t.all(
            "AWS::EC2::VPCEndpoint", lambda p: p["ServiceName"].endswith(".dynamodb")
        ),
        "a private path to S3": lambda t: t.all(
            "AWS::EC2::VPCEndpoint", lambda p: p["ServiceName"].endswith(".s3")
        ),
    },
    "Security groups controlling network access": {
        "a security group": lambda t: t.all("AWS::EC2::SecurityGroup"),
    },
    "kind: Per-route Lambda microfunctions with shared layer": {
        **FUNCTION_RESOURCES,
        "the layer": lambda t: t.all("AWS::Lambda::LayerVersion"),
    },
    "IAM roles following least privilege principle": {
        f"the role of {name}": role(name) for name in FUNCTIONS
    },
    "Retrieves sensitive configuration from Parameter Store": {
        "the configuration": lambda t: t.all(
            "AWS::SSM::Parameter",
            lambda p: (
                (p["Name"], p["Type"]) == (f"/{SERVICE_NAME}/{t.stage.name}/config", "String")
            ),
        ),
        "the key that signs cursors": lambda t: t.all(
            "Custom::CursorKey",
            lambda p: p["ParameterName"] == f"/{SERVICE_NAME}/{t.stage.name}/cursor-key",
        ),
    },
    "Sensitive values (API keys, credentials) stored in Parameter Store": {
        "the API key": lambda t: t.all(
            "Custom::ApiKey",
            lambda p: p["ParameterName"] == f"/{SERVICE_NAME}/{t.stage.name}/api-key",
        ),
    },
    "Alarms that trigger when error thresholds are exceeded": {
        "alarms": lambda t: t.all("AWS::CloudWatch::Alarm"),
        "the topic of the alarms": lambda t: t.all("AWS::SNS::Topic"),
        "the key of the topic": lambda t: t.all("AWS::KMS::Key"),
    },
    "Create CloudWatch dashboard showing key metrics": {
        "a dashboard": lambda t: t.all("AWS::CloudWatch::Dashboard"),
    },
    "used-by: `cdk deploy`, per-function unit tests, X-Ray service map inspection": {
        "X-Ray on the API": lambda t: t.all(
            "AWS::ApiGateway::Stage", lambda p: p["TracingEnabled"]
        ),
        "X-Ray on the functions": lambda t: t.all(
            "AWS::Lambda::Function", lambda p: p.get("TracingConfig") == {"Mode": "Active"}
        ),
    },
}
"""The resources that stand for a requirement; other tests quote requirements in their marks."""


def requirements() -> Iterator[str]:
    """Yield each requirement of docs/mission.md: a sentence, or an item."""
    _, _, text = (DOCS / "mission.md").read_text().partition("\n## The document\n")
    for line in text.splitlines():
        item = re.sub(r"^\s*(-|\d+\.) ", "", line).replace("**", "").strip()
        if item and not item.startswith("#") and not item.endswith(":"):
            yield from re.split(r"(?<=\.) (?=[A-Z])", item)


def quoted_requirements() -> Iterator[str]:
    """Yield each requirement that a test quotes."""
    yield from RESOURCES
    for module in (PROJECT / "tests").rglob("test_*.py"):
        for node in ast.walk(ast.parse(module.read_text())):
            if isinstance(node, ast.FunctionDef):
                for decorator in node.decorator_list:
                    if isinstance(decorator, ast.Call) and (
                        ast.unparse(decorator.func) == "pytest.mark.mission"
                    ):
                        yield from map(ast.literal_eval, decorator.args)


@pytest.mark.mission("Implement the system described in the seed documents.")
def test_every_requirement_is_quoted_by_a_test_and_no_other_sentence_is() -> None:
    assert sorted(set(requirements())) == sorted(set(quoted_requirements()))


@pytest.mark.parametrize(
    ("sentence", "resource"),
    [
        pytest.param(sentence, resource, marks=pytest.mark.mission(sentence))
        for sentence, resources in RESOURCES.items()
        for resource in resources
    ],
)
def test_the_template_contains(sentence: str, resource: str, stack: Synthesized) -> None:
    assert RESOURCES[sentence][resource](stack), f"nothing fulfils: {sentence}, with {resource}"


@pytest.mark.mission("Deploy everything in the us-east-1 region")
def test_the_stack_is_deployed_to_the_region(stack: Synthesized) -> None:
    manifest = json.loads((stack.assembly / "manifest.json").read_text())
    environment = manifest["artifacts"][stack.stage.stack]["environment"]
    assert environment.endswith(f"/{REGION}")


@pytest.mark.mission(
    "packages: aws-cdk-lib, constructs, boto3, aws-lambda-powertools, aws-xray-sdk, pytest, moto"
)
def test_the_project_uses_the_packages_of_the_mission() -> None:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())
    groups = project["dependency-groups"]
    declared = [*project["project"]["dependencies"], *groups["layer"], *groups["dev"]]
    names = {re.split(r"[\[<>=]", each)[0] for each in declared if isinstance(each, str)}
    assert names >= {
        "aws-cdk-lib",
        "constructs",
        "boto3",
        "aws-lambda-powertools",
        "aws-xray-sdk",
        "pytest",
        "moto",
    }


@pytest.mark.mission(
    "top-level: app.py, cdk.json, infra/, functions/create/, functions/read/, functions/update/,"
    " functions/delete/, layers/common/, tests/"
)
def test_the_top_level_is_that_of_the_mission() -> None:
    assert all((PROJECT / name).is_file() for name in ("app.py", "cdk.json"))
    folders = ("infra", "layers/common", "tests", *(f"functions/{name}" for name in FUNCTIONS))
    assert all((PROJECT / name).is_dir() for name in folders)
    assert FUNCTIONS == ("create", "read", "update", "delete")


def test_both_stages_synthesize_without_warnings(stack: Synthesized) -> None:
    assert stack.warnings == ()


@pytest.mark.mission("Preferred language: Python.")
def test_nothing_in_the_stack_runs_on_node(stack: Synthesized) -> None:
    runtimes = {f.properties["Runtime"] for f in stack.all("AWS::Lambda::Function")}
    assert runtimes == {"python3.13"}


def test_the_template_has_no_cdk_metadata(stack: Synthesized) -> None:
    assert stack.all("AWS::CDK::Metadata") == []


def test_resources_are_tagged_with_service_and_stage(stack: Synthesized) -> None:
    for table in stack.all("AWS::DynamoDB::Table"):
        tags = {tag["Key"]: tag["Value"] for tag in table.properties["Tags"]}
        assert tags == {"service": SERVICE_NAME, "stage": stack.stage.name}


def test_only_prod_has_termination_protection(dev: Synthesized, prod: Synthesized) -> None:
    assert (dev.termination_protection, prod.termination_protection) == (False, True)
