"""Parameters that hold a secret, each created by a custom resource with a narrow role."""

from collections.abc import Mapping, Sequence

from aws_cdk import CustomResource, Duration, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from infra.bundling.function_code import build_code
from infra.bundling.runtime import ARCHITECTURE, RUNTIME
from infra.conventions.log_groups import log_group
from infra.conventions.retention import retention_for_data
from infra.spec.paths import CUSTOM_RESOURCES
from infra.spec.stages import Stage

_TIMEOUT = Duration.minutes(1)


def parameter_arn(scope: Construct, name: str) -> str:
    """Return the ARN of the parameter ``name``, for a policy."""
    return Stack.of(scope).format_arn(
        service="ssm", resource="parameter", resource_name=name.removeprefix("/")
    )


def secret_parameter(
    scope: Construct,
    id_: str,
    *,
    stage: Stage,
    module: str,
    description: str,
    statements: Sequence[iam.PolicyStatement],
    properties: Mapping[str, str],
) -> CustomResource:
    """Create a SecureString through the custom resource ``Custom::<id>``.

    CloudFormation cannot create a SecureString, and the value must appear in no template. So a
    function generates or fetches the value, and writes it to Parameter Store.

    Args:
        scope: The parent of the resource, and of the function with its role and log group.
        id_: The id of the resource; the ids of function, role and log group begin with it.
        stage: Decides names, and whether the secret outlives the stack.
        module: The module in infra/custom_resources/makers.
        description: What the function does.
        statements: The function's permissions, besides writing its log.
        properties: The properties of the request to the function. ``ParameterName`` is the
            parameter to write.
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
    function = lambda_.Function(
        scope,
        f"{id_}Maker",
        function_name=name,
        description=description,
        runtime=RUNTIME,
        architecture=ARCHITECTURE,
        code=lambda_.Code.from_asset(str(build_code(CUSTOM_RESOURCES))),
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
        service_token=function.function_arn,
        # Longer than two attempts of the function. The default is an hour.
        service_timeout=Duration.minutes(5),
        properties=dict(properties),
        # Even if the creation fails: the function takes up an existing parameter, and the rollback
        # of a second creation would delete what the first one has left.
        # https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-attribute-deletionpolicy.html
        removal_policy=retention_for_data(stage),
    )
