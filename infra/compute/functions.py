"""The functions: for each folder under functions/, what its rows in the table of routes need."""

import json

from aws_cdk import ArnFormat, Duration, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from common.aws.timeouts import LAMBDA_TIMEOUT
from infra.bundling.function_code import compiled
from infra.bundling.layer import CommonLayer
from infra.bundling.runtime import ARCHITECTURE, RUNTIME
from infra.compute.network import Network
from infra.conventions.log_groups import log_group
from infra.data.jobs_table import JobTable
from infra.data.log_bucket import Archive
from infra.data.parameters import Parameters
from infra.spec.paths import FUNCTION_SOURCES
from infra.spec.routes import Function, SsmParameter, routes_of
from infra.spec.stages import Stage

METRICS_NAMESPACE = "JobLedger"

_CONFIGURATION: dict[SsmParameter, str] = {
    "config": "CONFIG_PARAMETER",
    "cursor-key": "CURSOR_KEY_PARAMETER",
}
"""The environment variable that tells a function each parameter's name."""

# Lambda's service uses these with the function's role to join the VPC; they take no resource:
# https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html
_NETWORK_INTERFACES = (
    "ec2:AssignPrivateIpAddresses",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:UnassignPrivateIpAddresses",
)


class LedgerFunction(Construct):
    """One function, with a role that can do what its routes say and nothing else.

    Attributes:
        name: Its folder under functions/.
        function: The function; its metrics and logs are named after it.
        target: What the API invokes: the function, or with SnapStart an alias of the version
            whose snapshot was taken.
    """

    def __init__(
        self,
        scope: Construct,
        name: Function,
        *,
        stage: Stage,
        network: Network,
        table: JobTable,
        archive: Archive,
        parameters: Parameters,
        layer: CommonLayer,
    ) -> None:
        super().__init__(scope, name.capitalize())
        self.name = name
        routes = routes_of(name)
        physical_name = f"{stage.prefix}-{name}"
        logs = log_group(self, "Logs", stage=stage, name=f"/aws/lambda/{physical_name}")
        read = sorted({parameter for route in routes for parameter in route.ssm_parameters})
        cached = {f"{r.method} {r.path}": r.cache_ttl for r in routes if r.cache_ttl}
        arn = Stack.of(self).format_arn(
            service="lambda",
            resource="function",
            resource_name=physical_name,
            arn_format=ArnFormat.COLON_RESOURCE_NAME,
        )
        statements = [
            _allow("Table", {a for r in routes for a in r.table}, [table.table.table_arn]),
            _allow("Indexes", {a for r in routes for a in r.indexes}, table.index_arns),
            _allow("Parameters", {"ssm:GetParameter"}, [parameters.arn(p) for p in read]),
            _allow("Archive", {"s3:PutObject"}, [archive.objects_of(name)]),
            _allow("Logs", {"logs:CreateLogStream", "logs:PutLogEvents"}, [logs.log_group_arn]),
            # X-Ray knows no resources for these:
            # https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsx-ray.html
            _allow("Traces", {"xray:PutTelemetryRecords", "xray:PutTraceSegments"}, ["*"]),
            _allow("JoinVpc", set(_NETWORK_INTERFACES), ["*"]),
            iam.PolicyStatement(
                sid="OnlyLambdaJoinsVpc",
                effect=iam.Effect.DENY,
                actions=[*_NETWORK_INTERFACES, "ec2:DetachNetworkInterface"],
                resources=["*"],
                conditions={"ArnEquals": {"lambda:SourceFunctionArn": arn}},
            ),
        ]
        role = iam.Role(
            self,
            "Role",
            description=f"What the {name} function may do",
            assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),
            inline_policies={
                "permissions": iam.PolicyDocument(
                    statements=[statement for statement in statements if statement]
                )
            },
        )
        self.function = lambda_.Function(
            self,
            "Function",
            function_name=physical_name,
            description="; ".join(route.summary for route in routes),
            runtime=RUNTIME,
            architecture=ARCHITECTURE,
            code=lambda_.Code.from_asset(str(compiled(FUNCTION_SOURCES) / name)),
            handler="handler.handler",
            layers=[layer.version],
            # Complete as it is; the CDK would widen it for X-Ray and the VPC.
            role=role.without_policy_updates(),
            timeout=Duration.seconds(LAMBDA_TIMEOUT),
            memory_size=stage.memory_mb,
            environment={
                "FUNCTION": name,
                "TABLE_NAME": table.table.table_name,
                "SHARDS": str(stage.shards),
                "ARCHIVE_BUCKET": archive.bucket.bucket_name,
                "ARCHIVE_FLUSH_SECONDS": str(stage.archive_flush_seconds),
                "CORS_ORIGINS": ",".join(stage.cors_origins),
                "POWERTOOLS_SERVICE_NAME": stage.prefix,
                "POWERTOOLS_METRICS_NAMESPACE": METRICS_NAMESPACE,
                "POWERTOOLS_LOG_LEVEL": "INFO",
                **{_CONFIGURATION[parameter]: parameters.names[parameter] for parameter in read},
                **({"CACHE_TTL": json.dumps(cached)} if cached else {}),
            },
            vpc=network.vpc,
            vpc_subnets=network.private,
            security_groups=[network.functions],
            tracing=lambda_.Tracing.ACTIVE,
            log_group=logs,
            logging_format=lambda_.LoggingFormat.JSON,
            snap_start=lambda_.SnapStartConf.ON_PUBLISHED_VERSIONS if stage.snap_start else None,
        )
        self.target: lambda_.IFunction = self.function
        if stage.snap_start:
            self.target = lambda_.Alias(
                self, "Live", alias_name="live", version=self.function.current_version
            )


def _allow(sid: str, actions: set[str], resources: list[str]) -> iam.PolicyStatement | None:
    """A statement; None where the routes ask for nothing of the kind."""
    if not actions or not resources:
        return None
    return iam.PolicyStatement(sid=sid, actions=sorted(actions), resources=resources)
