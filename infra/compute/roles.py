"""The roles of the functions: each allows exactly the actions of the function's routes."""

from aws_cdk import ArnFormat, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from constructs import Construct

from infra.data.log_buckets import LogBuckets
from infra.data.parameters import Parameters
from infra.data.tables import Tables
from infra.spec.routes import Function, entities_of, routes_of

# Lambda itself uses these with the function's role, to join the VPC. They support no resources:
# https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html
_NETWORK_INTERFACES = (
    "ec2:AssignPrivateIpAddresses",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:UnassignPrivateIpAddresses",
)


def add_function_role(
    scope: Construct,
    function: Function,
    *,
    function_name: str,
    log_group: logs.ILogGroup,
    tables: Tables,
    log_buckets: LogBuckets,
    parameters: Parameters,
) -> iam.Role:
    """Add the role of a function to ``scope``.

    Args:
        scope: The parent construct.
        function: The function's name in the table of routes.
        function_name: The function's physical name.
        log_group: The group of the function's log.
        tables: The tables that the routes read and write.
        log_buckets: The function writes to the archive, below its own prefix.
        parameters: The parameters that the routes read.
    """
    routes = routes_of(function)
    ssm_parameters = sorted({parameter for route in routes for parameter in route.ssm_parameters})
    statements = [
        *(
            _allow(f"{entity.plural_type_name}{sid}", actions, resources)
            for entity in entities_of(function)
            for sid, actions, resources in tables.access(entity, routes)
        ),
        _allow("Parameters", {"ssm:GetParameter"}, [parameters.arn(p) for p in ssm_parameters]),
        _allow("Archive", {"s3:PutObject"}, [log_buckets.function_objects(function)]),
        _allow("Logs", {"logs:CreateLogStream", "logs:PutLogEvents"}, [log_group.log_group_arn]),
        # X-Ray supports no resources for these:
        # https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsx-ray.html
        _allow("Traces", {"xray:PutTelemetryRecords", "xray:PutTraceSegments"}, ["*"]),
        _allow("JoinVpc", set(_NETWORK_INTERFACES), ["*"]),
        _deny_network_interfaces(scope, function_name),
    ]
    return iam.Role(
        scope,
        "Role",
        description=f"The permissions of the {function} function",
        assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),
        inline_policies={
            "permissions": iam.PolicyDocument(
                statements=[statement for statement in statements if statement]
            )
        },
    )


def _allow(sid: str, actions: set[str], resources: list[str]) -> iam.PolicyStatement | None:
    """Return a statement; None if there are no actions or no resources."""
    if not actions or not resources:
        return None
    return iam.PolicyStatement(sid=sid, actions=sorted(actions), resources=resources)


def _deny_network_interfaces(scope: Construct, function_name: str) -> iam.PolicyStatement:
    """Return the statement that lets only Lambda itself, not the function's code, use the VPC."""
    arn = Stack.of(scope).format_arn(
        service="lambda",
        resource="function",
        resource_name=function_name,
        arn_format=ArnFormat.COLON_RESOURCE_NAME,
    )
    return iam.PolicyStatement(
        sid="OnlyLambdaJoinsVpc",
        effect=iam.Effect.DENY,
        actions=[*_NETWORK_INTERFACES, "ec2:DetachNetworkInterface"],
        resources=["*"],
        conditions={"ArnEquals": {"lambda:SourceFunctionArn": arn}},
    )
