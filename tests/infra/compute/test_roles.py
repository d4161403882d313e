"""The roles have exactly the permissions that the table of routes gives."""

import pytest

from infra.spec.routes import FUNCTIONS, Function, routes_of
from infra.spec.service import REGION, SERVICE_NAME
from tests.support.templates.permissions import (
    NETWORK_INTERFACE_ACTIONS,
    Permission,
    role_permissions,
    table_permissions,
)
from tests.support.templates.rest_api import any_item
from tests.support.templates.synthesized import Synthesized, as_list

TRACES = {"xray:PutTelemetryRecords", "xray:PutTraceSegments"}


def expected_permissions(function: Function, stage: str) -> set[Permission]:
    routes = routes_of(function)
    parameters = f"arn:aws:ssm:{REGION}:${{AWS::AccountId}}:parameter/{SERVICE_NAME}/{stage}"
    logs = f"${{{function.capitalize()}/Logs.Arn}}"
    return {
        *table_permissions(routes),
        *(
            ("ssm:GetParameter", f"{parameters}/{p}")
            for route in routes
            for p in route.ssm_parameters
        ),
        ("s3:PutObject", f"${{Archive/Logs.Arn}}/logs/function={function}/*"),
        ("logs:CreateLogStream", logs),
        ("logs:PutLogEvents", logs),
        *((action, "*") for action in TRACES | NETWORK_INTERFACE_ACTIONS),
    }


@pytest.mark.mission("IAM roles following least privilege principle")
@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_has_exactly_the_permissions_of_its_routes(
    function: Function, stack: Synthesized
) -> None:
    role = f"{function.capitalize()}/Role"
    assert role_permissions(stack, role) == expected_permissions(function, stack.stage.name)


@pytest.mark.mission(
    "shape: Each HTTP method maps to its own small Lambda with a narrowly scoped IAM role"
    " (for example read-only for GET), and all of them share a Lambda layer holding the"
    " retrying DynamoDB client, S3 log shipper and SSM config loader.",
)
def test_read_only_reads_and_no_function_scans() -> None:
    actions = {a for r in routes_of("read") for a in r.table + r.indexes}
    assert actions == {"dynamodb:GetItem", "dynamodb:Query"}
    assert not any("Scan" in a for f in FUNCTIONS for r in routes_of(f) for a in r.table)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_the_code_of_a_function_cannot_change_network_interfaces(
    function: Function, stack: Synthesized
) -> None:
    role = f"{function.capitalize()}/Role"
    denied = {action for action, _ in role_permissions(stack, role, "Deny")}
    assert denied == NETWORK_INTERFACE_ACTIONS | {"ec2:DetachNetworkInterface"}
    (statement,) = (
        s
        for policy in stack.at(role).properties["Policies"]
        for s in policy["PolicyDocument"]["Statement"]
        if s["Effect"] == "Deny"
    )
    name = stack.one("AWS::Lambda::Function", lambda p: p["Role"] == f"${{{role}.Arn}}")[
        "FunctionName"
    ]
    arn = f"arn:aws:lambda:{REGION}:${{AWS::AccountId}}:function:{name}"
    assert statement["Condition"] == {"ArnEquals": {"lambda:SourceFunctionArn": arn}}


def test_no_two_functions_share_a_role(stack: Synthesized) -> None:
    roles = [f.properties["Role"] for f in stack.all("AWS::Lambda::Function")]
    assert len(set(roles)) == len(roles)


def test_permissions_are_inline_in_their_role(stack: Synthesized) -> None:
    assert stack.all("AWS::IAM::Policy") == []
    # The managed policies are for callers; no role of the stack has one.
    callers_sign = stack.stage.authorization == "iam"
    policies = {policy.path for policy in stack.all("AWS::IAM::ManagedPolicy")}
    assert bool(policies - {"Workers/Policy"}) == callers_sign
    managed = {r.path for r in stack.all("AWS::IAM::Role") if "ManagedPolicyArns" in r.properties}
    # AWS requires a managed policy for the account's logging role.
    assert managed == {"Api/Rest/CloudWatchRole"}


def test_no_role_has_an_action_with_a_wildcard(stack: Synthesized) -> None:
    wildcards = {
        (role.path, action)
        for role in stack.all("AWS::IAM::Role")
        for policy in role.properties.get("Policies", [])
        for statement in policy["PolicyDocument"]["Statement"]
        for action in as_list(statement["Action"])
        if "*" in action
    }
    assert wildcards == set()


def test_only_tracing_and_joining_the_vpc_are_allowed_on_every_resource(stack: Synthesized) -> None:
    actions = {
        action
        for role in stack.all("AWS::IAM::Role")
        if "Policies" in role.properties
        for action, resource in role_permissions(stack, role.path)
        if resource == "*"
    }
    assert actions == TRACES | NETWORK_INTERFACE_ACTIONS


def test_only_the_account_itself_has_full_access_to_the_kms_key(stack: Synthesized) -> None:
    principals = [
        statement["Principal"]
        for _, statement in stack.statements
        if statement["Effect"] == "Allow"
        and any(action.endswith(":*") for action in as_list(statement["Action"]))
    ]
    assert principals == [{"AWS": "arn:aws:iam::${AWS::AccountId}:root"}]


def test_the_function_that_creates_the_cursor_key_has_access_to_that_parameter_only(
    stack: Synthesized,
) -> None:
    name = f"{SERVICE_NAME}/{stack.stage.name}/cursor-key"
    key = f"arn:aws:ssm:{REGION}:${{AWS::AccountId}}:parameter/{name}"
    logs = "${Parameters/CursorKeyLogs.Arn}"
    assert role_permissions(stack, "Parameters/CursorKeyRole") == {
        ("ssm:PutParameter", key),
        ("ssm:GetParameter", key),
        ("ssm:DeleteParameter", key),
        ("logs:CreateLogStream", logs),
        ("logs:PutLogEvents", logs),
    }


def test_the_api_may_invoke_each_function_for_its_routes_only(
    stack: Synthesized,
) -> None:
    sources = {
        (p.properties["FunctionName"].split("/")[0][2:].lower(), p.properties["SourceArn"])
        for p in stack.all("AWS::Lambda::Permission")
    }
    api = f"arn:aws:execute-api:{REGION}:${{AWS::AccountId}}:${{Api/Rest}}"
    stage = "${Api/Rest/DeploymentStage." + stack.stage.name + "}"
    assert sources == {
        (f, f"{api}/{stage}/{r.method}{any_item(r.path)}") for f in FUNCTIONS for r in routes_of(f)
    }
