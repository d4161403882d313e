"""The authorization of methods in the template, for each authorization that a stage may have."""

import json
from dataclasses import replace

import pytest

from common.entities import ENTITIES
from infra.spec.routes import ROUTES, Route
from infra.spec.service import REGION, SERVICE_NAME
from infra.spec.stages import STAGES
from tests.support.templates.permissions import role_permissions
from tests.support.templates.rest_api import (
    CACHED_ROUTES,
    any_item,
    cache_key,
    each_cached_route,
    each_route,
    gateway_responses,
    method,
)
from tests.support.templates.synthesized import Properties, Synthesized, as_list, synthesize

POOL = "${Authorization/UserPool/Users}"
EVERY_SCOPE = [
    f"{entity.collection}/{access}" for entity in ENTITIES for access in ("read", "write")
]
EXISTING_POOL = f"arn:aws:cognito-idp:{REGION}:123456789012:userpool/{REGION}_Others"


@pytest.fixture(scope="module")
def iam(tmp_path_factory: pytest.TempPathFactory) -> Synthesized:
    """A stage whose callers sign requests with AWS credentials."""
    return synthesize(replace(STAGES["dev"], authorization="iam"), tmp_path_factory.mktemp("iam"))


@pytest.fixture(scope="module")
def existing_pool(tmp_path_factory: pytest.TempPathFactory) -> Synthesized:
    """A stage whose callers are in a user pool that the stack does not create."""
    stage = replace(STAGES["dev"], authorization="cognito", user_pool_arn=EXISTING_POOL)
    return synthesize(stage, tmp_path_factory.mktemp("existing-pool"))


def required_access(route: Route) -> str:
    return "read" if route.method == "GET" else "write"


def required_scope(route: Route) -> str:
    return f"{route.entity.collection}/{required_access(route)}"


def client(stack: Synthesized, name: str) -> Properties:
    return stack.at(f"Authorization/UserPool/Users/{name}").properties


def test_dev_requires_an_api_key_and_prod_an_access_token() -> None:
    assert STAGES["dev"].authorization == "api-key"
    assert STAGES["prod"].authorization == "cognito"


@each_route
def test_in_prod_a_route_requires_a_token_with_its_scope(route: Route, prod: Synthesized) -> None:
    properties = method(prod, route.method, route.path)
    assert properties["AuthorizationType"] == "COGNITO_USER_POOLS"
    assert properties["AuthorizerId"] == "${Authorization/Authorizer}"
    assert properties["AuthorizationScopes"] == [required_scope(route)]
    assert properties["ApiKeyRequired"] is True


@each_route
def test_with_iam_a_route_requires_a_signature(route: Route, iam: Synthesized) -> None:
    properties = method(iam, route.method, route.path)
    assert properties["AuthorizationType"] == "AWS_IAM"
    assert properties["ApiKeyRequired"] is True


@each_route
def test_in_dev_a_key_is_enough(route: Route, dev: Synthesized) -> None:
    properties = method(dev, route.method, route.path)
    assert (properties["AuthorizationType"], properties["ApiKeyRequired"]) == ("NONE", True)
    assert "AuthorizerId" not in properties


def test_a_preflight_needs_no_credentials(prod: Synthesized, iam: Synthesized) -> None:
    for stack in (prod, iam):
        preflights = stack.all("AWS::ApiGateway::Method", lambda p: p["HttpMethod"] == "OPTIONS")
        assert {p.properties["AuthorizationType"] for p in preflights} == {"NONE"}


@each_cached_route
def test_a_cached_route_is_authorized_like_any_other(
    route: Route, prod: Synthesized, iam: Synthesized, existing_pool: Synthesized
) -> None:
    # API Gateway authorizes a request, by the method's authorizer and scopes, before it looks for
    # the answer in the cache.
    for stack in (prod, existing_pool):
        properties = method(stack, route.method, route.path)
        assert properties["AuthorizationType"] == "COGNITO_USER_POOLS"
        assert properties["AuthorizationScopes"] == [f"{route.entity.collection}/read"]
    assert method(iam, route.method, route.path)["AuthorizationType"] == "AWS_IAM"


@each_cached_route
def test_callers_share_cached_answers(route: Route, prod: Synthesized, iam: Synthesized) -> None:
    # No answer depends on the caller: tests/unit/layer/web/test_callers.py.
    for stack in (prod, iam):
        names = json.dumps(cache_key(stack, route, {})).lower()
        assert "authorization" not in names
        assert "x-api-key" not in names
    assert CACHED_ROUTES


def test_the_authorizer_caches_no_results(prod: Synthesized) -> None:
    authorizer = prod.one("AWS::ApiGateway::Authorizer")
    assert authorizer["Type"] == "COGNITO_USER_POOLS"
    assert authorizer["ProviderARNs"] == [f"{POOL[:-1]}.Arn}}"]
    assert authorizer["IdentitySource"] == "method.request.header.Authorization"
    assert authorizer["AuthorizerResultTtlInSeconds"] == 0


def test_users_cannot_sign_up_and_need_a_second_factor(prod: Synthesized) -> None:
    pool = prod.one("AWS::Cognito::UserPool")
    assert pool["AdminCreateUserConfig"] == {"AllowAdminCreateUserOnly": True}
    assert (pool["MfaConfiguration"], pool["EnabledMfas"]) == ("ON", ["SOFTWARE_TOKEN_MFA"])
    assert pool["Policies"]["PasswordPolicy"]["MinimumLength"] == 12
    assert pool["UserPoolAddOns"] == {"AdvancedSecurityMode": "ENFORCED"}
    assert pool["DeletionProtection"] == "ACTIVE"
    assert prod.at(POOL[2:-1]).definition["DeletionPolicy"] == "Retain"


def test_each_kind_of_access_has_a_scope(prod: Synthesized) -> None:
    scopes = {
        f"{server.properties['Identifier']}/{scope['ScopeName']}"
        for server in prod.all("AWS::Cognito::UserPoolResourceServer")
        for scope in server.properties["Scopes"]
    }
    assert scopes == {route.scope for route in ROUTES} == set(EVERY_SCOPE)


def test_a_machine_signs_in_with_a_client_secret(prod: Synthesized) -> None:
    machine = client(prod, "Machine")
    assert machine["GenerateSecret"] is True
    assert machine["AllowedOAuthFlows"] == ["client_credentials"]
    assert machine["AllowedOAuthScopes"] == [
        f"{POOL[:-1]}/{entity.plural_type_name}}}/{access}"
        for entity in ENTITIES
        for access in ("read", "write")
    ]


def test_a_browser_signs_in_with_a_code_and_has_no_secret(prod: Synthesized) -> None:
    browser = client(prod, "Browser")
    assert browser["GenerateSecret"] is False
    assert browser["AllowedOAuthFlows"] == ["code"]
    assert browser["CallbackURLs"] == list(prod.stage.sign_in_callbacks)
    assert browser["PreventUserExistenceErrors"] == "ENABLED"


def test_no_client_signs_in_through_the_api_of_the_user_pool(prod: Synthesized) -> None:
    # Without a list, Cognito allows ALLOW_USER_SRP_AUTH and ALLOW_CUSTOM_AUTH, too.
    clients = prod.all("AWS::Cognito::UserPoolClient")
    assert len(clients) == 2
    for user_pool_client in clients:
        assert user_pool_client.properties["ExplicitAuthFlows"] == ["ALLOW_REFRESH_TOKEN_AUTH"]


def test_no_token_is_good_for_more_than_an_hour(prod: Synthesized) -> None:
    for name in ("Machine", "Browser"):
        user_pool_client = client(prod, name)
        assert user_pool_client["AccessTokenValidity"] == 60
        assert user_pool_client["TokenValidityUnits"]["AccessToken"] == "minutes"


@pytest.mark.mission("Sensitive values (API keys, credentials) stored in Parameter Store")
def test_the_client_secret_appears_in_no_template(prod: Synthesized) -> None:
    assert "ClientSecret" not in json.dumps(prod.template)
    resource = prod.one("Custom::MachineClient")
    assert resource["ParameterName"] == f"/{SERVICE_NAME}/prod/machine-client"
    assert resource["ClientId"] == "${Authorization/UserPool/Users/Machine}"
    assert resource["TokenUrl"].endswith(f".auth.{REGION}.amazoncognito.com/oauth2/token")
    assert resource["Scope"] == " ".join(EVERY_SCOPE)


def test_the_function_that_copies_the_client_secret_has_access_to_that_client_and_parameter_only(
    prod: Synthesized,
) -> None:
    parameter = (
        f"arn:aws:ssm:{REGION}:${{AWS::AccountId}}:parameter/{SERVICE_NAME}/prod/machine-client"
    )
    logs = "${Authorization/UserPool/MachineClientLogs.Arn}"
    assert role_permissions(prod, "Authorization/UserPool/MachineClientRole") == {
        ("cognito-idp:DescribeUserPoolClient", f"{POOL[:-1]}.Arn}}"),
        ("ssm:PutParameter", parameter),
        ("ssm:DeleteParameter", parameter),
        ("logs:CreateLogStream", logs),
        ("logs:PutLogEvents", logs),
    }


def test_an_existing_user_pool_is_used_and_not_changed(existing_pool: Synthesized) -> None:
    assert existing_pool.one("AWS::ApiGateway::Authorizer")["ProviderARNs"] == [EXISTING_POOL]
    assert [r.path for r in existing_pool.resources if r.type.startswith("AWS::Cognito::")] == []
    for route in ROUTES:
        properties = method(existing_pool, route.method, route.path)
        assert properties["AuthorizationScopes"] == [required_scope(route)]


def test_workers_of_an_existing_user_pool_read_only_the_api_key(
    existing_pool: Synthesized,
) -> None:
    (statement,) = existing_pool.at("Workers/Policy").properties["PolicyDocument"]["Statement"]
    assert as_list(statement["Resource"]) == [
        f"arn:aws:ssm:{REGION}:${{AWS::AccountId}}:parameter/{SERVICE_NAME}/dev/api-key"
    ]


def test_each_managed_policy_allows_exactly_its_routes(iam: Synthesized) -> None:
    policies = {
        policy.properties["ManagedPolicyName"]: policy.properties["PolicyDocument"]["Statement"]
        for policy in iam.all("AWS::IAM::ManagedPolicy")
        if policy.path != "Workers/Policy"
    }
    names = {
        f"{SERVICE_NAME}-dev-{access}-{entity.collection}": (access, entity)
        for access in ("read", "write")
        for entity in ENTITIES
    }
    assert policies.keys() == names.keys()
    api = f"arn:aws:execute-api:{REGION}:${{AWS::AccountId}}:${{Api/Rest}}/dev"
    for name, (access, entity) in names.items():
        (statement,) = policies[name]
        assert as_list(statement["Action"]) == ["execute-api:Invoke"]
        assert set(as_list(statement["Resource"])) == {
            f"{api}/{route.method}{any_item(route.path)}"
            for route in ROUTES
            if route.entity is entity and required_access(route) == access
        }


CREDENTIAL_PROBLEMS = {
    "dev": {"ACCESS_DENIED": 403, "MISSING_AUTHENTICATION_TOKEN": 404, "DEFAULT_4XX": 400},
    "prod": {
        "UNAUTHORIZED": 401,
        "ACCESS_DENIED": 403,
        "MISSING_AUTHENTICATION_TOKEN": 404,
        "INVALID_SIGNATURE": 404,
        "DEFAULT_4XX": 400,
    },
    "iam": {
        "ACCESS_DENIED": 403,
        "MISSING_AUTHENTICATION_TOKEN": 403,
        "INVALID_SIGNATURE": 403,
        "EXPIRED_TOKEN": 403,
        "DEFAULT_4XX": 403,
    },
}


@pytest.mark.parametrize("name", CREDENTIAL_PROBLEMS)
def test_bad_credentials_get_a_problem_document(name: str, request: pytest.FixtureRequest) -> None:
    responses = gateway_responses(request.getfixturevalue(name))
    for case, status in CREDENTIAL_PROBLEMS[name].items():
        assert responses[case]["StatusCode"] == str(status)
        body = json.loads(responses[case]["ResponseTemplates"]["application/json"])
        assert (body["status"], body["request_id"]) == (status, "$context.requestId")


def test_a_request_without_a_token_gets_a_challenge(prod: Synthesized) -> None:
    headers = gateway_responses(prod)["UNAUTHORIZED"]["ResponseParameters"]
    assert headers["gatewayresponse.header.WWW-Authenticate"] == "'Bearer'"


def test_an_access_log_line_identifies_the_caller(
    dev: Synthesized, prod: Synthesized, iam: Synthesized
) -> None:
    callers = []
    for stack in (dev, prod, iam):
        log_format = stack.one("AWS::ApiGateway::Stage")["AccessLogSetting"]["Format"]
        callers.append(json.loads(log_format)["caller"])
    assert callers == [
        "$context.identity.apiKeyId",
        "$context.authorizer.claims.sub",
        "$context.identity.userArn",
    ]
