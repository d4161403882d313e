"""The functions behind custom resources, each with a role that can do its one thing."""

from collections.abc import Mapping, Sequence

from aws_cdk import CustomResource, Duration
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from infra.bundling.function_code import compiled
from infra.bundling.runtime import ARCHITECTURE, RUNTIME
from infra.conventions.log_groups import log_group
from infra.conventions.retention import of_named
from infra.spec.paths import CUSTOM_RESOURCES
from infra.spec.stages import Stage

_TIMEOUT = Duration.minutes(1)


def made_secret(
    scope: Construct,
    id_: str,
    *,
    stage: Stage,
    module: str,
    description: str,
    statements: Sequence[iam.PolicyStatement],
    properties: Mapping[str, str],
) -> CustomResource:
    """A SecureString that a function of its own makes, ``Custom::<id>``.

    Args:
        scope: The parent of the resource, and of the function with its role and log group.
        id_: The construct id, with which those of the others begin.
        stage: Decides names, and whether the secret outlives the stack.
        module: The module in infra/custom_resources/makers.
        description: What the function does.
        statements: What the function may do besides writing its log.
        properties: What it is told; ``ParameterName`` is the parameter to write.
    """
    name = f"{stage.prefix}-{module.replace('_', '-')}"
    group = log_group(scope, f"{id_}Logs", stage=stage, name=f"/aws/lambda/{name}")
    role = iam.Role(
        scope,
        f"{id_}Role",
        description=description,
        assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),
        inline_policies={
            "permissions": iam.PolicyDocument(
                statements=[
                    *statements,
                    iam.PolicyStatement(
                        sid="Logs",
                        actions=["logs:CreateLogStream", "logs:PutLogEvents"],
                        resources=[group.log_group_arn],
                    ),
                ]
            )
        },
    )
    maker = lambda_.Function(
        scope,
        f"{id_}Maker",
        function_name=name,
        description=description,
        runtime=RUNTIME,
        architecture=ARCHITECTURE,
        code=lambda_.Code.from_asset(str(compiled(CUSTOM_RESOURCES))),
        handler=f"makers.{module}.handler",
        role=role.without_policy_updates(),
        timeout=_TIMEOUT,
        log_group=group,
        logging_format=lambda_.LoggingFormat.JSON,
    )
    return CustomResource(
        scope,
        id_,
        resource_type=f"Custom::{id_}",
        service_token=maker.function_arn,
        # CloudFormation's own patience is an hour. Longer than two attempts of the function.
        service_timeout=Duration.minutes(5),
        properties=dict(properties),
        removal_policy=of_named(stage),
    )
