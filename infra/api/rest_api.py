"""The REST API: a method per route, CORS, the cache, models, the usage plan and access logs."""

import json
from collections.abc import Mapping
from itertools import groupby
from operator import attrgetter
from typing import Any, TypedDict

from aws_cdk import Duration
from aws_cdk import aws_apigateway as apigateway
from constructs import Construct

from common.aws.timeouts import API_GATEWAY_TIMEOUT
from common.contract import REQUEST_HEADERS, RESPONSE_HEADERS
from infra.api.authorization import CALLER_VARIABLES, ApiAuthorization
from infra.api.gateway_problems import GatewayProblem, gateway_problems
from infra.compute.functions import LedgerFunction
from infra.conventions.log_groups import log_group
from infra.spec.paths import SCHEMAS
from infra.spec.routes import ROUTES, Function, Route
from infra.spec.stages import Stage

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
            description="A ledger of data-processing jobs",
            endpoint_types=[apigateway.EndpointType.REGIONAL],
            # One role writes the logs of all APIs of the account and region. The CDK retains it
            # when the stack is deleted, since other APIs may depend on it.
            cloud_watch_role=stage.api_gateway_account,
            default_method_options=apigateway.MethodOptions(api_key_required=True),
            deploy_options=self._deploy_options(),
        )
        # The CDK's output of the URL. The stack has an output with a stable name instead.
        self.rest_api.node.try_remove_child("Endpoint")
        self._add_execution_log_group()
        self._models = self._add_models()
        self._validators = {
            with_body: self.rest_api.add_request_validator(
                "BodyAndParameters" if with_body else "Parameters",
                validate_request_body=with_body,
                validate_request_parameters=True,
            )
            for with_body in (True, False)
        }
        for route in ROUTES:
            self._add_method(route, functions[route.function])
        authorization.add_policies(self.rest_api, ROUTES)
        self._add_preflights()
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
            metrics_enabled=True,
        )

    def _add_execution_log_group(self) -> None:
        """Add the log group, which API Gateway would otherwise create without a retention."""
        group = log_group(
            self,
            "ExecutionLogs",
            stage=self._stage,
            name=f"API-Gateway-Execution-Logs_{self.rest_api.rest_api_id}/{self._stage.name}",
        )
        self.rest_api.deployment_stage.node.add_dependency(group)

    def _add_models(self) -> dict[tuple[str, str], apigateway.IModel]:
        """Add the models of all routes, and return them by media type and schema."""
        bodies = sorted({body for route in ROUTES for body in route.body.items()})
        return {(media, schema): self._add_model(media, schema) for media, schema in bodies}

    def _add_model(self, media: str, schema: str) -> apigateway.IModel:
        content: dict[str, Any] = json.loads((SCHEMAS / f"{schema}.json").read_text())
        title = content["title"]
        # The CDK's Model accepts no JSON Schema, only the CDK's own classes.
        model = apigateway.CfnModel(
            self,
            f"{title}Model",
            rest_api_id=self.rest_api.rest_api_id,
            name=title,
            description=content["description"],
            content_type=media,
            schema=content,
        )
        deployment = self.rest_api.latest_deployment
        if deployment is None:
            raise RuntimeError("The API has no deployment that could include models")
        deployment.node.add_dependency(model)
        # A changed schema needs a new deployment, which the CDK would not create by itself.
        deployment.add_to_logical_id({schema: content})
        return apigateway.Model.from_model_name(self, title, model.ref)

    def _add_method(self, route: Route, function: LedgerFunction) -> None:
        names = [f"method.request.path.{name}" for name in route.path_parameters]
        required = dict.fromkeys(names, True)
        names += [f"method.request.querystring.{name}" for name in route.query]
        if self._cors_depends_on_origin:
            names.append("method.request.header.Origin")
        optional = [*names, *(f"method.request.header.{name}" for name in route.headers)]
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
            request_parameters={**dict.fromkeys(optional, False), **required},
            request_models={
                media: self._models[media, schema] for media, schema in route.body.items()
            }
            or None,
            request_validator=self._validators[bool(route.body)],
        )

    def _add_preflights(self) -> None:
        for path, routes in groupby(sorted(ROUTES, key=attrgetter("path")), attrgetter("path")):
            self._add_preflight(path, [route.method for route in routes])
        # A browser sends a preflight for a wrong path too; if it failed, the page would not see
        # the 404.
        self._add_preflight("/{anything+}", sorted({route.method for route in ROUTES}))

    def _add_preflight(self, path: str, methods: list[str]) -> None:
        self.rest_api.root.resource_for_path(path).add_cors_preflight(
            allow_origins=list(self._stage.cors_origins),
            allow_methods=methods,
            allow_headers=list(REQUEST_HEADERS),
            expose_headers=list(RESPONSE_HEADERS),
            max_age=_PREFLIGHT_MAX_AGE,
        )

    def _add_gateway_responses(self) -> None:
        for problem in gateway_problems(self._stage.authorization):
            self.rest_api.add_gateway_response(
                "".join(word.title() for word in problem.case.response_type.split("_")),
                type=problem.case,
                status_code=str(problem.kind.status.value),
                response_headers=problem.headers(self._cors_headers(problem)),
                templates={"application/json": problem.template},
            )

    def _cors_headers(self, problem: GatewayProblem) -> dict[str, str]:
        vary = {"Vary": "'Origin'"} if self._cors_depends_on_origin else {}
        allowed = f"'{self._stage.cors_origins[0]}'"
        if self._stage.lists_origins:
            # A gateway response cannot choose from a list, so it repeats the request's origin. The
            # firewall blocks all other origins, and no page may read its answer.
            if problem.case.response_type == apigateway.ResponseType.WAF_FILTERED.response_type:
                return vary
            allowed = "method.request.header.Origin"
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
