"""The REST API: a method per route, CORS, the cache, models, the usage plan and access logs."""

import json
from collections.abc import Mapping
from itertools import groupby
from operator import attrgetter
from typing import TypedDict

from aws_cdk import Duration
from aws_cdk import aws_apigateway as apigateway
from constructs import Construct

from common.aws.timeouts import API_GATEWAY_TIMEOUT
from common.contract import REQUEST_HEADERS, RESPONSE_HEADERS
from infra.api.authorization import CALLER_VARIABLES, ApiAuthorization
from infra.api.fallbacks import Fallbacks
from infra.api.gateway_problems import GatewayProblem, gateway_problems
from infra.api.models import Models, declare_empty_answer
from infra.compute.functions import LedgerFunction
from infra.conventions.log_groups import log_group
from infra.spec.routes import ROUTES, Function, Route
from infra.spec.service import SERVICE_SUMMARY
from infra.spec.stages import Stage

SECURITY_POLICY = "SecurityPolicy_TLS13_1_2_PFS_PQ_2025_09"
"""TLS 1.2 and 1.3 with forward secrecy, the post-quantum key exchange included:
https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-security-policies-list.html"""

ENDPOINT_ACCESS_MODE = "STRICT"
"""The TLS server name must be the host that the request is for:
https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-security-policies.html#apigateway-security-policies-endpoint-access-mode"""

_OTHER_PATHS = ("/", "/{anything+}")
"""All paths without a route."""

_PREFLIGHT_MAX_AGE = Duration.hours(1)

_ACCESS_LOG = {
    "request_id": "$context.requestId",
    "extended_request_id": "$context.extendedRequestId",
    "trace_id": "$context.xrayTraceId",
    "time": "$context.requestTimeEpoch",
    "method": "$context.httpMethod",
    "route": "$context.resourcePath",
    "path": "$context.path",
    "status": "$context.status",
    "latency_ms": "$context.responseLatency",
    "integration_latency_ms": "$context.integrationLatency",
    "integration_status": "$context.integration.status",
    "response_bytes": "$context.responseLength",
    "error": "$context.error.message",
    "error_type": "$context.error.responseType",
    "integration_error": "$context.integration.error",
    "api_key_id": "$context.identity.apiKeyId",
    "ip": "$context.identity.sourceIp",
    "user_agent": "$context.identity.userAgent",
}
"""The fields of an access log line. API keys, tokens, queries (which hold cursors) and bodies are
left out."""


class _MethodSettings(TypedDict):
    caching_enabled: bool
    cache_ttl: Duration
    cache_data_encrypted: bool
    throttling_rate_limit: int
    throttling_burst_limit: int
    logging_level: apigateway.MethodLoggingLevel
    data_trace_enabled: bool
    metrics_enabled: bool


class LedgerApi(Construct):
    """The API of one stage."""

    rest_api: apigateway.RestApi

    api_key: apigateway.IApiKey
    """The API key of the default usage plan, whose value API Gateway generates."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        stage: Stage,
        authorization: ApiAuthorization,
        functions: Mapping[Function, LedgerFunction],
    ) -> None:
        super().__init__(scope, id_)
        self._stage = stage
        self._authorization = authorization
        self.rest_api = apigateway.RestApi(
            self,
            "Rest",
            rest_api_name=stage.prefix,
            description=SERVICE_SUMMARY,
            endpoint_types=[apigateway.EndpointType.REGIONAL],
            # One role writes the logs of all APIs of the account and region. The CDK retains it
            # when the stack is deleted, since other APIs may depend on it.
            cloud_watch_role=stage.api_gateway_account,
            default_method_options=apigateway.MethodOptions(api_key_required=True),
            deploy_options=self._deploy_options(),
        )
        self._secure_endpoint()
        # The CDK's output of the URL. The stack has an output with a stable name instead.
        self.rest_api.node.try_remove_child("Endpoint")
        self._add_execution_log_group()
        self._models = Models(
            self, rest_api=self.rest_api, routes=ROUTES, authorization=stage.authorization
        )
        self._validator = self.rest_api.add_request_validator(
            "Parameters", validate_request_body=False, validate_request_parameters=True
        )
        for route in ROUTES:
            self._add_method(route, functions[route.function])
        authorization.add_policies(self.rest_api, ROUTES)
        self._add_preflights()
        self._add_fallbacks()
        self._add_gateway_responses()
        self.api_key = self._add_usage_plan()

    @property
    def _cors_depends_on_origin(self) -> bool:
        """True if the CORS headers of an answer depend on the request's origin."""
        return self._stage.cors_origins != ("*",)

    def _deploy_options(self) -> apigateway.StageOptions:
        group = log_group(
            self, "AccessLogs", stage=self._stage, name=f"/{self._stage.prefix}/api-access"
        )
        return apigateway.StageOptions(
            stage_name=self._stage.name,
            tracing_enabled=True,
            cache_cluster_enabled=True,
            cache_cluster_size=self._stage.cache_size_gb,
            access_log_destination=apigateway.LogGroupLogDestination(group),
            access_log_format=apigateway.AccessLogFormat.custom(
                json.dumps({**_ACCESS_LOG, "caller": CALLER_VARIABLES[self._stage.authorization]})
            ),
            method_options={
                # The settings of a method replace all settings of the stage.
                f"{route.path}/{route.method}": apigateway.MethodDeploymentOptions(
                    **self._method_settings(route.cache_ttl, route.rate_share)
                )
                for route in ROUTES
            },
            **self._method_settings(cache_ttl=0),
        )

    def _method_settings(self, cache_ttl: int, rate_share: float = 1) -> _MethodSettings:
        return _MethodSettings(
            caching_enabled=cache_ttl > 0,
            cache_ttl=Duration.seconds(cache_ttl),
            cache_data_encrypted=True,
            throttling_rate_limit=int(self._stage.rate_limit * rate_share),
            throttling_burst_limit=int(self._stage.burst_limit * rate_share),
            logging_level=apigateway.MethodLoggingLevel.ERROR,
            # A data trace logs whole requests and responses, with their bodies.
            data_trace_enabled=False,
            # AWS bills the metrics of a method as custom metrics. The alarms and the dashboard use
            # those of the stage, which are free:
            # https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-metrics-and-dimensions.html
            metrics_enabled=False,
        )

    def _secure_endpoint(self) -> None:
        """Restrict the default endpoint to TLS 1.2 and 1.3, or close it.

        By default, a regional API accepts TLS 1.0. The CDK's RestApi has no properties for this.
        """
        rest_api = self.rest_api.node.default_child
        if not isinstance(rest_api, apigateway.CfnRestApi):
            raise TypeError("The CDK's RestApi is no CfnRestApi")
        rest_api.security_policy = SECURITY_POLICY
        rest_api.endpoint_access_mode = ENDPOINT_ACCESS_MODE
        if self._stage.closes_default_endpoint:
            rest_api.disable_execute_api_endpoint = True

    def _add_execution_log_group(self) -> None:
        """Add the log group, which API Gateway would otherwise create without a retention."""
        group = log_group(
            self,
            "ExecutionLogs",
            stage=self._stage,
            name=f"API-Gateway-Execution-Logs_{self.rest_api.rest_api_id}/{self._stage.name}",
        )
        self.rest_api.deployment_stage.node.add_dependency(group)

    def _add_method(self, route: Route, function: LedgerFunction) -> None:
        names = [f"method.request.path.{name}" for name in route.path_parameters]
        required = dict.fromkeys(names, True)
        names += [f"method.request.querystring.{name}" for name in route.query]
        names += [f"method.request.header.{name}" for name in route.headers]
        if self._cors_depends_on_origin:
            names.append("method.request.header.Origin")
        self.rest_api.root.resource_for_path(route.path).add_method(
            route.method,
            apigateway.LambdaIntegration(
                function.alias_or_function,
                allow_test_invoke=False,
                timeout=Duration.seconds(API_GATEWAY_TIMEOUT),
                # Without these, every request to the resource gets the answer to the first one.
                cache_key_parameters=names if route.cache_ttl else None,
            ),
            operation_name=route.operation,
            **self._authorization.method_options(route),
            request_parameters={**dict.fromkeys(names, False), **required},
            request_models=self._models.of_requests(route) or None,
            request_validator=self._validator,
            method_responses=self._models.of_responses(route),
        )

    def _add_preflights(self) -> None:
        for path, routes in groupby(sorted(ROUTES, key=attrgetter("path")), attrgetter("path")):
            self._add_preflight(path, [route.method for route in routes])
        # A browser sends a preflight for a wrong path too; if it failed, the page would not see
        # the 404.
        for path in _OTHER_PATHS:
            self._add_preflight(path, sorted({route.method for route in ROUTES}))

    def _add_preflight(self, path: str, methods: list[str]) -> None:
        preflight = self.rest_api.root.resource_for_path(path).add_cors_preflight(
            allow_origins=list(self._stage.cors_origins),
            allow_methods=methods,
            allow_headers=list(REQUEST_HEADERS),
            expose_headers=list(RESPONSE_HEADERS),
            max_age=_PREFLIGHT_MAX_AGE,
        )
        declare_empty_answer(preflight)

    def _add_fallbacks(self) -> None:
        fallbacks = Fallbacks(
            self._models,
            self._stage.cors_origins,
            self._cors_headers(f"'{self._stage.cors_origins[0]}'"),
        )
        for path in {route.path: None for route in ROUTES}:
            fallbacks.refuse_other_methods(
                self.rest_api.root.resource_for_path(path),
                [route.method for route in ROUTES if route.path == path],
            )
        for path in _OTHER_PATHS:
            fallbacks.refuse_all_methods(self.rest_api.root.resource_for_path(path))

    def _add_gateway_responses(self) -> None:
        for problem in gateway_problems(self._stage.authorization):
            self.rest_api.add_gateway_response(
                "".join(word.title() for word in problem.case.response_type.split("_")),
                type=problem.case,
                status_code=str(problem.kind.status.value),
                response_headers=problem.headers(self._cors_headers_of(problem)),
                templates={"application/json": problem.template},
            )

    def _cors_headers_of(self, problem: GatewayProblem) -> dict[str, str]:
        if not self._stage.lists_origins:
            return self._cors_headers(f"'{self._stage.cors_origins[0]}'")
        # A gateway response cannot choose from a list, so it repeats the request's origin. The
        # firewall blocks all other origins, and no page may read its answer.
        if problem.case.response_type == apigateway.ResponseType.WAF_FILTERED.response_type:
            return {"Vary": "'Origin'"}
        return self._cors_headers("method.request.header.Origin")

    def _cors_headers(self, allowed: str) -> dict[str, str]:
        vary = {"Vary": "'Origin'"} if self._cors_depends_on_origin else {}
        return {
            "Access-Control-Allow-Origin": allowed,
            "Access-Control-Expose-Headers": f"'{','.join(RESPONSE_HEADERS)}'",
            **vary,
        }

    def _add_usage_plan(self) -> apigateway.IApiKey:
        plan = self.rest_api.add_usage_plan(
            "UsagePlan",
            name=self._stage.prefix,
            description="The limits of every API key of this plan",
            throttle=apigateway.ThrottleSettings(
                rate_limit=self._stage.rate_limit, burst_limit=self._stage.burst_limit
            ),
            quota=apigateway.QuotaSettings(
                limit=self._stage.daily_quota, period=apigateway.Period.DAY
            ),
            api_stages=[
                apigateway.UsagePlanPerApiStage(
                    api=self.rest_api, stage=self.rest_api.deployment_stage
                )
            ],
        )
        key = apigateway.ApiKey(self, "Key", description=f"The default key of {self._stage.prefix}")
        plan.add_api_key(key)
        return key
