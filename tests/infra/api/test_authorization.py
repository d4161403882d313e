"""Who may call: what the template asks of callers, in each of the ways that a stage may choose."""

import json
from dataclasses import replace

import pytest

from infra.spec.routes import ROUTES, Route
from infra.spec.stages import STAGES
from tests.support.templates.permissions import role_permissions
from tests.support.templates.rest_api import (
    CACHED_ROUTES,
    cache_key,
    each_cached_route,
    each_route,
    gateway_responses,
    method,
)
from tests.support.templates.synthesized import Properties, Synthesized, many, synthesize

POOL = "${Authorization/UserPool/Users}"
OTHERS = "arn:aws:cognito-idp:us-east-1:123456789012:userpool/us-east-1_Others"


@pytest.fixture(scope="module")
def signed(tmp_path_factory: pytest.TempPathFactory) -> Synthesized:
    """A stage for callers with AWS credentials."""
    return synthesize(replace(STAGES["dev"], authorization="iam"), tmp_path_factory.mktemp("iam"))


@pytest.fixture(scope="module")
def borrowing(tmp_path_factory: pytest.TempPathFactory) -> Synthesized:
    """A stage whose callers are in somebody else's user pool."""
    stage = replace(STAGES["dev"], authorization="cognito", user_pool_arn=OTHERS)
    return synthesize(stage, tmp_path_factory.mktemp("borrowing"))


def access(route: Route) -> str:
    return "read" if route.method == "GET" else "write"


def client(stack: Synthesized, name: str) -> Properties:
    return stack.at(f"Authorization/UserPool/Users/{name}").properties


def test_in_prod_a_token_is_asked_for_unless_told_otherwise() -> None:
    assert STAGES["dev"].authorization == "api-key"
    assert STAGES["prod"].authorization == "cognito"


@each_route
def test_in_prod_a_route_wants_a_token_with_its_scope(route: Route, prod: Synthesized) -> None:
    asked = method(prod, route.method, route.path)
    assert asked["AuthorizationType"] == "COGNITO_USER_POOLS"
    assert asked["AuthorizerId"] == "${Authorization/Authorizer}"
    assert asked["AuthorizationScopes"] == [f"jobs/{access(route)}"]
    assert asked["ApiKeyRequired"] is True


@each_route
def test_where_callers_sign_a_route_wants_a_signature(route: Route, signed: Synthesized) -> None:
    asked = method(signed, route.method, route.path)
    assert asked["AuthorizationType"] == "AWS_IAM"
    assert asked["ApiKeyRequired"] is True


@each_route
def test_in_dev_a_key_is_enough(route: Route, dev: Synthesized) -> None:
    asked = method(dev, route.method, route.path)
    assert (asked["AuthorizationType"], asked["ApiKeyRequired"]) == ("NONE", True)
    assert "AuthorizerId" not in asked


def test_a_browser_may_ask_before_it_has_a_token(prod: Synthesized, signed: Synthesized) -> None:
    for stack in (prod, signed):
        preflights = stack.all("AWS::ApiGateway::Method", lambda p: p["HttpMethod"] == "OPTIONS")
        assert {p.properties["AuthorizationType"] for p in preflights} == {"NONE"}


@each_cached_route
def test_a_cached_answer_is_behind_the_authorizer(
    route: Route, prod: Synthesized, signed: Synthesized, borrowing: Synthesized
) -> None:
    # API Gateway authorizes a request before it looks for its answer in the cache, and does so
    # by the method's own authorizer and scopes.
    for stack in (prod, borrowing):
        asked = method(stack, route.method, route.path)
        assert asked["AuthorizationType"] == "COGNITO_USER_POOLS"
        assert asked["AuthorizationScopes"] == ["jobs/read"]
    assert method(signed, route.method, route.path)["AuthorizationType"] == "AWS_IAM"


@each_cached_route
def test_callers_share_what_is_cached(route: Route, prod: Synthesized, signed: Synthesized) -> None:
    # Which is right as long as no answer depends on who asks: tests/unit/layer/web/test_callers.py.
    for stack in (prod, signed):
        names = json.dumps(cache_key(stack, route, {})).lower()
        assert "authorization" not in names
        assert "x-api-key" not in names
    assert CACHED_ROUTES


def test_the_authorizer_remembers_nothing_of_a_token(prod: Synthesized) -> None:
    authorizer = prod.one("AWS::ApiGateway::Authorizer")
    assert authorizer["Type"] == "COGNITO_USER_POOLS"
    assert authorizer["ProviderARNs"] == [f"{POOL[:-1]}.Arn}}"]
    assert authorizer["IdentitySource"] == "method.request.header.Authorization"
    assert authorizer["AuthorizerResultTtlInSeconds"] == 0


def test_nobody_signs_up_and_a_password_is_not_enough(prod: Synthesized) -> None:
    pool = prod.one("AWS::Cognito::UserPool")
    assert pool["AdminCreateUserConfig"] == {"AllowAdminCreateUserOnly": True}
    assert (pool["MfaConfiguration"], pool["EnabledMfas"]) == ("ON", ["SOFTWARE_TOKEN_MFA"])
    assert pool["Policies"]["PasswordPolicy"]["MinimumLength"] == 12
    assert pool["UserPoolAddOns"] == {"AdvancedSecurityMode": "ENFORCED"}
    assert pool["DeletionProtection"] == "ACTIVE"
    assert prod.at(POOL[2:-1]).definition["DeletionPolicy"] == "Retain"


def test_there_is_a_scope_for_each_access_of_the_table_of_routes(prod: Synthesized) -> None:
    server = prod.one("AWS::Cognito::UserPoolResourceServer")
    scopes = {f"{server['Identifier']}/{each['ScopeName']}" for each in server["Scopes"]}
    assert scopes == {route.scope for route in ROUTES} == {"jobs/read", "jobs/write"}


def test_a_machine_signs_in_with_a_secret_of_its_own(prod: Synthesized) -> None:
    machine = client(prod, "Machine")
    assert machine["GenerateSecret"] is True
    assert machine["AllowedOAuthFlows"] == ["client_credentials"]
    assert machine["AllowedOAuthScopes"] == [
        "${Authorization/UserPool/Users/Jobs}/read",
        "${Authorization/UserPool/Users/Jobs}/write",
    ]


def test_a_browser_signs_in_with_a_code_and_has_no_secret(prod: Synthesized) -> None:
    browser = client(prod, "Browser")
    assert browser["GenerateSecret"] is False
    assert browser["AllowedOAuthFlows"] == ["code"]
    assert browser["CallbackURLs"] == ["https://jobs.example.com/"]
    assert browser["PreventUserExistenceErrors"] == "ENABLED"


def test_no_token_is_good_for_more_than_an_hour(prod: Synthesized) -> None:
    for name in ("Machine", "Browser"):
        found = client(prod, name)
        assert (found["AccessTokenValidity"], found["TokenValidityUnits"]["AccessToken"]) == (
            60,
            "minutes",
        )


def test_the_secret_of_the_machine_passes_through_no_template(prod: Synthesized) -> None:
    assert "ClientSecret" not in json.dumps(prod.template)
    kept = prod.one("Custom::MachineClient")
    assert kept["ParameterName"] == "/job-ledger/prod/machine-client"
    assert kept["ClientId"] == "${Authorization/UserPool/Users/Machine}"
    assert kept["TokenUrl"].endswith(".auth.us-east-1.amazoncognito.com/oauth2/token")
    assert kept["Scope"] == "jobs/read jobs/write"


def test_whoever_keeps_the_secret_may_touch_nothing_but_this_client_and_parameter(
    prod: Synthesized,
) -> None:
    parameter = "arn:aws:ssm:us-east-1:${AWS::AccountId}:parameter/job-ledger/prod/machine-client"
    logs = "${Authorization/UserPool/MachineClientLogs.Arn}"
    assert role_permissions(prod, "Authorization/UserPool/MachineClientRole") == {
        ("cognito-idp:DescribeUserPoolClient", f"{POOL[:-1]}.Arn}}"),
        ("ssm:PutParameter", parameter),
        ("ssm:DeleteParameter", parameter),
        ("logs:CreateLogStream", logs),
        ("logs:PutLogEvents", logs),
    }


def test_a_user_pool_of_others_is_asked_and_left_alone(borrowing: Synthesized) -> None:
    assert borrowing.one("AWS::ApiGateway::Authorizer")["ProviderARNs"] == [OTHERS]
    assert [r.path for r in borrowing.resources if r.type.startswith("AWS::Cognito::")] == []
    for route in ROUTES:
        asked = method(borrowing, route.method, route.path)
        assert asked["AuthorizationScopes"] == [f"jobs/{access(route)}"]


def test_each_policy_allows_its_routes_and_nothing_else(signed: Synthesized) -> None:
    policies = {
        policy.properties["ManagedPolicyName"]: policy.properties["PolicyDocument"]["Statement"]
        for policy in signed.all("AWS::IAM::ManagedPolicy")
    }
    assert policies.keys() == {"job-ledger-dev-read-jobs", "job-ledger-dev-write-jobs"}
    api = "arn:aws:execute-api:us-east-1:${AWS::AccountId}:${Api/Rest}/dev"
    for name in ("read", "write"):
        (statement,) = policies[f"job-ledger-dev-{name}-jobs"]
        assert many(statement["Action"]) == ["execute-api:Invoke"]
        assert set(many(statement["Resource"])) == {
            f"{api}/{route.method}{route.path.replace('{job_id}', '*')}"
            for route in ROUTES
            if access(route) == name
        }


ABOUT_CREDENTIALS = {
    "dev": {"ACCESS_DENIED": 403, "MISSING_AUTHENTICATION_TOKEN": 404, "DEFAULT_4XX": 400},
    "prod": {
        "UNAUTHORIZED": 401,
        "ACCESS_DENIED": 403,
        "MISSING_AUTHENTICATION_TOKEN": 404,
        "INVALID_SIGNATURE": 404,
        "DEFAULT_4XX": 400,
    },
    "signed": {
        "ACCESS_DENIED": 403,
        "MISSING_AUTHENTICATION_TOKEN": 403,
        "INVALID_SIGNATURE": 403,
        "EXPIRED_TOKEN": 403,
        "DEFAULT_4XX": 403,
    },
}


@pytest.mark.parametrize("name", ABOUT_CREDENTIALS)
def test_credentials_that_are_not_good_are_answered_with_a_problem(
    name: str, request: pytest.FixtureRequest
) -> None:
    answers = gateway_responses(request.getfixturevalue(name))
    for case, status in ABOUT_CREDENTIALS[name].items():
        assert answers[case]["StatusCode"] == str(status)
        body = json.loads(answers[case]["ResponseTemplates"]["application/json"])
        assert (body["status"], body["request_id"]) == (status, "$context.requestId")


def test_whoever_has_no_token_is_told_to_bring_one(prod: Synthesized) -> None:
    headers = gateway_responses(prod)["UNAUTHORIZED"]["ResponseParameters"]
    assert headers["gatewayresponse.header.WWW-Authenticate"] == "'Bearer'"


def test_an_access_log_line_says_who_called(
    dev: Synthesized, prod: Synthesized, signed: Synthesized
) -> None:
    callers = []
    for stack in (dev, prod, signed):
        form = stack.one("AWS::ApiGateway::Stage")["AccessLogSetting"]["Format"]
        callers.append(json.loads(form)["caller"])
    assert callers == [
        "$context.identity.apiKeyId",
        "$context.authorizer.claims.sub",
        "$context.identity.userArn",
    ]
