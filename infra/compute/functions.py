"""The Lambda functions: one for each folder under functions/."""

import json
from collections.abc import Mapping
from textwrap import shorten

from aws_cdk import Duration
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from common.aws.timeouts import LAMBDA_TIMEOUT
from infra.bundling.function_code import build_code
from infra.bundling.layer import CommonLayer
from infra.bundling.runtime import ARCHITECTURE, RUNTIME
from infra.compute.network import Network
from infra.compute.roles import add_function_role
from infra.conventions.log_groups import log_group
from infra.data.log_buckets import LogBuckets
from infra.data.parameters import Parameters
from infra.data.tables import Tables
from infra.spec.paths import FUNCTION_SOURCES
from infra.spec.routes import Function, SsmParameter, entities_of, routes_of
from infra.spec.service import METRICS_NAMESPACE
from infra.spec.stages import Stage

_PARAMETER_VARIABLES: Mapping[SsmParameter, str] = {
    "config": "CONFIG_PARAMETER",
    "cursor-key": "CURSOR_KEY_PARAMETER",
}
"""The environment variable with the name of each parameter."""


class LedgerFunction(Construct):
    """A function, with a role for exactly the actions of its routes."""

    name: Function
    """The folder under functions/."""

    lambda_function: lambda_.Function

    alias_or_function: lambda_.IFunction
    """The target of the API: with SnapStart an alias of the version with the snapshot."""

    def __init__(
        self,
        scope: Construct,
        name: Function,
        *,
        stage: Stage,
        network: Network,
        tables: Tables,
        log_buckets: LogBuckets,
        parameters: Parameters,
        layer: CommonLayer,
    ) -> None:
        super().__init__(scope, name.capitalize())
        self.name = name
        routes = routes_of(name)
        ssm_parameters = sorted({parameter for r in routes for parameter in r.ssm_parameters})
        cache_ttls = {f"{r.method} {r.path}": r.cache_ttl for r in routes if r.cache_ttl}
        function_name = f"{stage.prefix}-{name}"
        logs = log_group(self, "Logs", stage=stage, name=f"/aws/lambda/{function_name}")
        role = add_function_role(
            self,
            name,
            function_name=function_name,
            log_group=logs,
            tables=tables,
            log_buckets=log_buckets,
            parameters=parameters,
        )
        self.lambda_function = lambda_.Function(
            self,
            "Function",
            function_name=function_name,
            # Lambda accepts no more characters.
            description=shorten("; ".join(r.summary for r in routes), 256, placeholder=" …"),
            runtime=RUNTIME,
            architecture=ARCHITECTURE,
            code=lambda_.Code.from_asset(str(build_code(FUNCTION_SOURCES) / name)),
            handler="handler.handler",
            layers=[layer.version],
            # The role is complete; the CDK would widen it for X-Ray and the VPC.
            role=role.without_policy_updates(),
            timeout=Duration.seconds(LAMBDA_TIMEOUT),
            memory_size=stage.memory_mb,
            environment={
                "FUNCTION": name,
                "TABLE_NAMES": tables.names(entities_of(name)),
                "SHARDS": str(stage.shards),
                "ARCHIVE_BUCKET": log_buckets.archive.bucket_name,
                "ARCHIVE_FLUSH_SECONDS": str(stage.archive_flush_seconds),
                "CORS_ORIGINS": ",".join(stage.cors_origins),
                "POWERTOOLS_SERVICE_NAME": stage.prefix,
                "POWERTOOLS_METRICS_NAMESPACE": METRICS_NAMESPACE,
                "POWERTOOLS_LOG_LEVEL": "INFO",
                **{_PARAMETER_VARIABLES[p]: parameters.names[p] for p in ssm_parameters},
                **({"CACHE_TTL": json.dumps(cache_ttls)} if cache_ttls else {}),
            },
            vpc=network.vpc,
            vpc_subnets=network.private_subnets,
            security_groups=[network.security_group],
            tracing=lambda_.Tracing.ACTIVE,
            log_group=logs,
            logging_format=lambda_.LoggingFormat.JSON,
            snap_start=lambda_.SnapStartConf.ON_PUBLISHED_VERSIONS if stage.snap_start else None,
        )
        self.alias_or_function = self.lambda_function
        if stage.snap_start:
            self.alias_or_function = lambda_.Alias(
                self, "Live", alias_name="live", version=self.lambda_function.current_version
            )
