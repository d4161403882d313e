"""The REST API of the template."""

import json
import re
from collections.abc import Mapping

import pytest
from jsonschema import Draft4Validator

from common.contract import JSON, PROBLEM
from common.crud.entity import Entity
from infra.api.gateway_problems import gateway_problems
from infra.spec.routes import ROUTES, Route
from infra.spec.schemas import request_schemas
from tests.support.templates.rest_api import (
    CACHED_ROUTES,
    cache_key,
    each_cached_route,
    each_route,
    method,
)
from tests.support.templates.synthesized import Properties, Synthesized
from tests.support.templates.tables import each_entity
from tools.openapi.document import document


def settings(stack: Synthesized) -> dict[tuple[str, str], Properties]:
    """Return the method settings of the stage, by HTTP method and path."""
    return {
        (s["HttpMethod"], s["ResourcePath"].removeprefix("/").replace("~1", "/")): s
        for s in stack.one("AWS::ApiGateway::Stage")["MethodSettings"]
    }


@each_route
def test_a_route_requires_an_api_key(route: Route, stack: Synthesized) -> None:
    assert method(stack, route.method, route.path)["ApiKeyRequired"] is True


@each_route
def test_a_route_declares_its_request_parameters(route: Route, stack: Synthesized) -> None:
    declared = method(stack, route.method, route.path)["RequestParameters"]
    path_parameters = re.findall(r"{(\w+)}", route.path)
    assert {f"method.request.path.{name}" for name in path_parameters} == {
        name for name, required in declared.items() if required
    }
    for name in route.query:
        assert declared[f"method.request.querystring.{name}"] is False
    for name in route.headers:
        assert declared[f"method.request.header.{name}"] is False


def parameters_of(route: Route) -> list[str]:
    """Return the request parameters that an answer of the route depends on."""
    return [
        *(f"method.request.path.{name}" for name in re.findall(r"{(\w+)}", route.path)),
        *(f"method.request.querystring.{name}" for name in route.query),
        *(f"method.request.header.{name}" for name in route.headers),
    ]


@each_cached_route
def test_requests_that_differ_in_id_query_or_condition_have_different_cache_keys(
    route: Route, stack: Synthesized
) -> None:
    names = parameters_of(route)
    plain = dict.fromkeys(names, "1")
    others = [{**plain, name: "2"} for name in names]
    without = [{key: "1" for key in names if key != name} for name in names]
    keys = {cache_key(stack, route, request) for request in (plain, *others, *without)}
    assert len(keys) == 1 + len(others) + len(without)


@each_cached_route
def test_the_cache_key_includes_the_origin_if_the_answer_depends_on_it(
    route: Route, dev: Synthesized, prod: Synthesized, variant: Synthesized
) -> None:
    header = "method.request.header.Origin"
    requests: list[Mapping[str, str]] = [{header: "https://a"}, {header: "https://b"}, {}]
    for stack in (prod, variant):
        assert len({cache_key(stack, route, request) for request in requests}) == len(requests)
    assert len({cache_key(dev, route, request) for request in requests}) == 1


@each_cached_route
def test_other_headers_and_parameters_do_not_change_the_cache_key(
    route: Route, stack: Synthesized
) -> None:
    plain = dict.fromkeys(parameters_of(route), "1")
    noise = {"method.request.header.User-Agent": "a", "method.request.querystring.utm": "b"}
    assert cache_key(stack, route, plain) == cache_key(stack, route, {**plain, **noise})


def test_no_two_routes_share_a_cache_key(stack: Synthesized) -> None:
    assert len({cache_key(stack, route, {}) for route in CACHED_ROUTES}) == len(CACHED_ROUTES)


@each_route
def test_only_cached_routes_have_a_cache_key(route: Route, stack: Synthesized) -> None:
    integration = method(stack, route.method, route.path)["Integration"]
    assert ("CacheKeyParameters" in integration) is bool(route.cache_ttl)


@pytest.mark.mission("Implement caching with reasonable TTL values")
@each_route
def test_only_reads_are_cached_and_for_seconds(route: Route, stack: Synthesized) -> None:
    method_settings = settings(stack)[route.method, route.path]
    assert method_settings["CachingEnabled"] is (route.method == "GET")
    assert method_settings["CacheTtlInSeconds"] == route.cache_ttl <= 10
    assert method_settings["CacheDataEncrypted"] is True


def test_caching_is_off_by_default(stack: Synthesized) -> None:
    defaults = settings(stack)["*", "*"]
    assert defaults["CachingEnabled"] is False
    assert not any(method == "OPTIONS" for method, _ in settings(stack))


@each_route
def test_a_method_is_throttled_to_its_share_of_the_stages_limits(
    route: Route, stack: Synthesized
) -> None:
    method_settings = settings(stack)[route.method, route.path]
    assert method_settings["ThrottlingRateLimit"] == stack.stage.rate_limit * route.rate_share
    assert method_settings["ThrottlingBurstLimit"] == stack.stage.burst_limit * route.rate_share


@each_entity
def test_lists_leave_half_of_the_limits_to_other_requests(
    entity: Entity, stack: Synthesized
) -> None:
    lists, defaults = settings(stack)["GET", entity.path], settings(stack)["*", "*"]
    assert lists["ThrottlingRateLimit"] == defaults["ThrottlingRateLimit"] / 2
    assert settings(stack)["POST", entity.path]["ThrottlingRateLimit"] == stack.stage.rate_limit


def test_the_endpoint_takes_no_tls_below_1_2_and_only_its_own_host(stack: Synthesized) -> None:
    rest_api = stack.one("AWS::ApiGateway::RestApi")
    assert re.fullmatch(r"SecurityPolicy_TLS13_1_[23]_.*2025_09", rest_api["SecurityPolicy"])
    assert rest_api["EndpointAccessMode"] == "STRICT"


def test_every_method_logs_errors_without_bodies_and_has_no_billed_metrics(
    stack: Synthesized,
) -> None:
    for method_settings in settings(stack).values():
        assert method_settings["MetricsEnabled"] is False
        assert method_settings["LoggingLevel"] == "ERROR"
        assert method_settings["DataTraceEnabled"] is False


@each_route
def test_the_gateway_validates_parameters_and_leaves_the_body_to_the_function(
    route: Route, stack: Synthesized
) -> None:
    properties = method(stack, route.method, route.path)
    validator = stack.at(properties["RequestValidatorId"][2:-1]).properties
    assert validator["ValidateRequestParameters"] is True
    assert validator["ValidateRequestBody"] is False


@each_route
def test_a_body_has_the_model_of_its_schema(route: Route, stack: Synthesized) -> None:
    models = method(stack, route.method, route.path).get("RequestModels", {})
    assert set(models) == set(route.body)
    for media, schema in route.body.items():
        model = stack.at(models[media][2:-1]).properties
        assert model["ContentType"] == media
        (expected,) = (
            each for each in request_schemas(route.entity).values() if each["title"] == schema
        )
        assert model["Schema"] == expected


@pytest.mark.mission("Configure request/response models and validators")
def test_every_method_declares_a_model_for_each_status(stack: Synthesized) -> None:
    titles = {
        f"${{{m.path}}}": m.properties["Schema"]["title"]
        for m in stack.all("AWS::ApiGateway::Model")
    } | {"Empty": "Empty"}
    for each in stack.all("AWS::ApiGateway::Method"):
        mapped = {
            str(r["StatusCode"])
            for r in each.properties["Integration"].get("IntegrationResponses", [])
        }
        declared = {
            str(r["StatusCode"]): r["ResponseModels"] for r in each.properties["MethodResponses"]
        }
        assert declared.keys() >= mapped, each.path
        for status, models in declared.items():
            ((media, model),) = models.items()
            expected = PROBLEM if status >= "400" else JSON
            assert media == expected, (each.path, status)
            assert (titles[model] == "Problem") is (status >= "400")


@each_route
def test_a_route_declares_a_model_for_each_status_that_it_answers(
    route: Route, stack: Synthesized
) -> None:
    properties = method(stack, route.method, route.path)
    statuses = {int(response["StatusCode"]) for response in properties["MethodResponses"]}
    described = document(stack.stage.authorization)["paths"][route.path][route.method.lower()]
    assert statuses == {int(status) for status in described["responses"]}
    # The answers of API Gateway that do not depend on the route; 413 is for a body of 10 MB.
    own = {problem.kind.status for problem in gateway_problems(stack.stage.authorization)}
    assert own - statuses <= {404, 413, 415}


def test_models_are_schemas_of_draft_4_without_references(stack: Synthesized) -> None:
    for model in stack.all("AWS::ApiGateway::Model"):
        schema = model.properties["Schema"]
        assert schema["$schema"] == "http://json-schema.org/draft-04/schema#"
        Draft4Validator.check_schema(schema)
        assert "$ref" not in json.dumps(schema)
        assert model.properties["Name"].isalnum()


def test_every_model_is_part_of_the_deployment(stack: Synthesized) -> None:
    (deployment,) = stack.all("AWS::ApiGateway::Deployment")
    dependencies = {stack.flat({"Ref": name}) for name in deployment.definition["DependsOn"]}
    models = {f"${{{model.path}}}" for model in stack.all("AWS::ApiGateway::Model")}
    assert models <= dependencies


@pytest.mark.mission("Set up usage plans and API keys if needed")
def test_a_usage_plan_limits_the_key_on_the_stage(stack: Synthesized) -> None:
    plan = stack.one("AWS::ApiGateway::UsagePlan")
    (api_stage,) = plan["ApiStages"]
    assert api_stage["ApiId"] == "${Api/Rest}"
    assert api_stage["Stage"] == f"${{Api/Rest/DeploymentStage.{stack.stage.name}}}"
    assert plan["Throttle"] == {
        "RateLimit": stack.stage.rate_limit,
        "BurstLimit": stack.stage.burst_limit,
    }
    assert plan["Quota"] == {"Limit": stack.stage.daily_quota, "Period": "DAY"}
    plan_key = stack.one("AWS::ApiGateway::UsagePlanKey")
    assert (plan_key["KeyId"], plan_key["UsagePlanId"]) == ("${Api/Key}", "${Api/Rest/UsagePlan}")


@pytest.mark.mission("Enable CORS with appropriate allowed origins, methods, and headers")
def test_the_preflight_of_a_path_allows_its_methods_and_needs_no_key(stack: Synthesized) -> None:
    for path in {route.path for route in ROUTES}:
        preflight = method(stack, "OPTIONS", path)
        (answer,) = preflight["Integration"]["IntegrationResponses"]
        headers = {
            name.rsplit(".", 1)[1]: value.strip("'")
            for name, value in answer["ResponseParameters"].items()
        }
        assert preflight["ApiKeyRequired"] is False
        assert preflight["AuthorizationType"] == "NONE"
        assert headers["Access-Control-Allow-Origin"] == stack.stage.cors_origins[0]
        assert set(headers["Access-Control-Allow-Methods"].split(",")) == {
            route.method for route in ROUTES if route.path == path
        }
        assert headers["Access-Control-Allow-Headers"] == (
            "Authorization,Content-Type,X-Api-Key,If-Match,If-None-Match,Idempotency-Key"
        )


def test_a_preflight_of_a_path_without_a_route_succeeds(
    stack: Synthesized,
) -> None:
    for path in ("", "/{anything+}"):
        (answer,) = method(stack, "OPTIONS", path)["Integration"]["IntegrationResponses"]
        names = answer["ResponseParameters"]
        allowed = names["method.response.header.Access-Control-Allow-Methods"]
        assert set(allowed.strip("'").split(",")) == {route.method for route in ROUTES}


@pytest.mark.parametrize("path", ["", "/{anything+}", *sorted({route.path for route in ROUTES})])
def test_a_missing_route_is_answered_without_credentials_and_without_a_function(
    path: str, stack: Synthesized, variant: Synthesized
) -> None:
    for each in (stack, variant):
        fallback = method(each, "ANY", path)
        assert (fallback["AuthorizationType"], fallback["ApiKeyRequired"]) == ("NONE", False)
        integration = fallback["Integration"]
        # Any other media type raises UNSUPPORTED_MEDIA_TYPE, which is 404.
        assert (integration["Type"], integration["PassthroughBehavior"]) == ("MOCK", "NEVER")
        assert {JSON, "text/plain"} <= integration["RequestTemplates"].keys()
        (answer,) = integration["IntegrationResponses"]
        headers = answer["ResponseParameters"]
        methods = {route.method for route in ROUTES if route.path == path}
        assert answer["StatusCode"] == ("405" if methods else "404")
        allowed = headers.get("method.response.header.Allow", "''").strip("'")
        assert allowed == (", ".join(sorted(methods | {"OPTIONS"})) if methods else "")
        assert headers["method.response.header.Access-Control-Allow-Origin"] == (
            f"'{each.stage.cors_origins[0]}'"
        )


def test_every_other_method_raises_no_unsupported_media_type(stack: Synthesized) -> None:
    for each in stack.all("AWS::ApiGateway::Method", lambda p: p["HttpMethod"] != "ANY"):
        assert "PassthroughBehavior" not in each.properties["Integration"]


def test_with_several_origins_a_preflight_allows_the_origin_of_the_request(
    variant: Synthesized,
) -> None:
    for path in {route.path for route in ROUTES}:
        (answer,) = method(variant, "OPTIONS", path)["Integration"]["IntegrationResponses"]
        (template,) = answer["ResponseTemplates"].values()
        assert "https://b.example.com" in template
        assert 'get("Origin")' in template


def test_an_access_log_line_identifies_the_request_without_secrets(stack: Synthesized) -> None:
    line = json.loads(stack.one("AWS::ApiGateway::Stage")["AccessLogSetting"]["Format"])
    required = {
        "$context.requestId",
        "$context.xrayTraceId",
        "$context.responseLatency",
        "$context.integrationLatency",
        "$context.status",
        "$context.resourcePath",
        "$context.error.message",
        "$context.error.responseType",
        "$context.identity.apiKeyId",
        "$context.identity.sourceIp",
        "$context.identity.userAgent",
    }
    assert set(line.values()) >= required
    assert "$context.identity.apiKey" not in line.values()


def test_the_stage_is_created_after_its_log_group_and_the_logging_role(stack: Synthesized) -> None:
    (stage,) = stack.all("AWS::ApiGateway::Stage")
    dependencies = {stack.flat({"Ref": name}) for name in stage.definition["DependsOn"]}
    assert dependencies >= {"${Api/Rest/Account}", "${Api/ExecutionLogs}"}
    group = stack.at("Api/ExecutionLogs").properties
    assert group["LogGroupName"] == f"API-Gateway-Execution-Logs_${{Api/Rest}}/{stack.stage.name}"


def test_the_accounts_logging_role_outlives_the_stack(stack: Synthesized) -> None:
    for path in ("Api/Rest/Account", "Api/Rest/CloudWatchRole"):
        assert stack.at(path).definition["DeletionPolicy"] == "Retain"


def test_a_stage_can_do_without_the_accounts_logging_role(variant: Synthesized) -> None:
    assert variant.all("AWS::ApiGateway::Account") == []
    assert not [
        role
        for role in variant.all("AWS::IAM::Role")
        if "apigateway" in json.dumps(role.properties["AssumeRolePolicyDocument"])
    ]
