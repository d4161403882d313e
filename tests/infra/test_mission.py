"""The requirements of the mission, each with the resources that fulfil it."""

from collections.abc import Callable

import pytest

from infra.spec.routes import FUNCTIONS, ROUTES, Function, Route
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
        lambda p: p["FunctionName"] == f"job-ledger-{t.stage.name}-{name}",
    )


def role(name: Function) -> Requirement:
    return lambda t: [t.at(f"{name.capitalize()}/Role")]


def logs(name: Function) -> Requirement:
    return lambda t: t.all(
        "AWS::Logs::LogGroup",
        lambda p: p["LogGroupName"] == f"/aws/lambda/job-ledger-{t.stage.name}-{name}",
    )


MISSION: dict[str, Requirement] = {
    "a regional REST API": lambda t: t.all(
        "AWS::ApiGateway::RestApi",
        lambda p: p["EndpointConfiguration"]["Types"] == ["REGIONAL"],
    ),
    **{f"{r.method} {r.path} reaches {r.function}": route_method(r) for r in ROUTES},
    **{f"the preflight of {r.path}": preflight(r.path) for r in ROUTES},
    "an encrypted cache": lambda t: t.all(
        "AWS::ApiGateway::Stage",
        lambda p: (
            p["CacheClusterEnabled"]
            and any(s["CachingEnabled"] and s["CacheDataEncrypted"] for s in p["MethodSettings"])
        ),
    ),
    "models of the bodies": lambda t: t.all("AWS::ApiGateway::Model"),
    "response models": lambda t: t.all(
        "AWS::ApiGateway::Method",
        lambda p: all(response.get("ResponseModels") for response in p["MethodResponses"]),
    ),
    "a validator of parameters": lambda t: t.all(
        "AWS::ApiGateway::RequestValidator", lambda p: p["ValidateRequestParameters"]
    ),
    "a usage plan": lambda t: t.all("AWS::ApiGateway::UsagePlan"),
    "an API key": lambda t: t.all("AWS::ApiGateway::ApiKey"),
    "the API key belongs to the usage plan": lambda t: t.all("AWS::ApiGateway::UsagePlanKey"),
    "the API's own errors": lambda t: t.all("AWS::ApiGateway::GatewayResponse"),
    "a table": lambda t: t.all("AWS::DynamoDB::Table"),
    "an archive": lambda t: t.all("AWS::S3::Bucket", lambda p: "VersioningConfiguration" in p),
    "the access logs of the archive": lambda t: t.all(
        "AWS::S3::Bucket",
        lambda p: "VersioningConfiguration" not in p and "LoggingConfiguration" not in p,
    ),
    "the archive as a table": lambda t: t.all(
        "AWS::Glue::Table", lambda p: p["TableInput"]["Name"] == "logs"
    ),
    "queries over the archive": lambda t: t.all("AWS::Athena::NamedQuery"),
    "a workgroup for queries": lambda t: t.all("AWS::Athena::WorkGroup"),
    "a VPC": lambda t: t.all("AWS::EC2::VPC"),
    "a NAT gateway": lambda t: t.all("AWS::EC2::NatGateway"),
    "a private path to DynamoDB": lambda t: t.all(
        "AWS::EC2::VPCEndpoint", lambda p: p["ServiceName"].endswith(".dynamodb")
    ),
    "a private path to S3": lambda t: t.all(
        "AWS::EC2::VPCEndpoint", lambda p: p["ServiceName"].endswith(".s3")
    ),
    "a security group": lambda t: t.all("AWS::EC2::SecurityGroup"),
    "flow logs": lambda t: t.all("AWS::EC2::FlowLog"),
    **{f"the {name} function": function(name) for name in FUNCTIONS},
    **{f"the role of {name}": role(name) for name in FUNCTIONS},
    **{f"the log group of {name}": logs(name) for name in FUNCTIONS},
    "the layer": lambda t: t.all("AWS::Lambda::LayerVersion"),
    "the configuration": lambda t: t.all(
        "AWS::SSM::Parameter",
        lambda p: (p["Name"], p["Type"]) == (f"/job-ledger/{t.stage.name}/config", "String"),
    ),
    "the key that signs cursors": lambda t: t.all(
        "Custom::CursorKey",
        lambda p: p["ParameterName"] == f"/job-ledger/{t.stage.name}/cursor-key",
    ),
    "access logs": lambda t: t.all(
        "AWS::ApiGateway::Stage",
        lambda p: "Api/AccessLogs" in p["AccessLogSetting"]["DestinationArn"],
    ),
    "alarms": lambda t: t.all("AWS::CloudWatch::Alarm"),
    "the topic of the alarms": lambda t: t.all("AWS::SNS::Topic"),
    "the key of the topic": lambda t: t.all("AWS::KMS::Key"),
    "a dashboard": lambda t: t.all("AWS::CloudWatch::Dashboard"),
    "X-Ray on the API": lambda t: t.all("AWS::ApiGateway::Stage", lambda p: p["TracingEnabled"]),
    "X-Ray on the functions": lambda t: t.all(
        "AWS::Lambda::Function",
        lambda p: p.get("TracingConfig") == {"Mode": "Active"},
    ),
}


@pytest.mark.parametrize("requirement", MISSION)
def test_the_template_contains(requirement: str, stack: Synthesized) -> None:
    assert MISSION[requirement](stack), f"nothing fulfils: {requirement}"


def test_both_stages_synthesize_without_warnings(stack: Synthesized) -> None:
    assert stack.warnings == ()


def test_nothing_in_the_stack_runs_on_node(stack: Synthesized) -> None:
    runtimes = {f.properties["Runtime"] for f in stack.all("AWS::Lambda::Function")}
    assert runtimes == {"python3.13"}


def test_the_template_has_no_cdk_metadata(stack: Synthesized) -> None:
    assert stack.all("AWS::CDK::Metadata") == []


def test_resources_are_tagged_with_service_and_stage(stack: Synthesized) -> None:
    tags = {tag["Key"]: tag["Value"] for tag in stack.one("AWS::DynamoDB::Table")["Tags"]}
    assert tags == {"service": "job-ledger", "stage": stack.stage.name}


def test_only_prod_has_termination_protection(dev: Synthesized, prod: Synthesized) -> None:
    assert (dev.termination_protection, prod.termination_protection) == (False, True)
