"""Configuration and secrets in Parameter Store."""

import json
from pathlib import Path

from aws_cdk import CustomResource, Duration, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_ssm as ssm
from constructs import Construct

from infra.assets import compiled
from infra.logs import log_group
from infra.removal import of_named
from infra.routes import Parameter
from infra.runtime import ARCHITECTURE, RUNTIME
from infra.stage import Stage

_MAKER = Path(__file__).parent / "cursor_key"
_MAKER_TIMEOUT = Duration.minutes(1)


class Parameters(Construct):
    """The two parameters of a stage.

    ``config`` is a JSON object that may be edited at any time;
    ``cursor-key`` is a SecureString with random keys, newest first, which CloudFormation cannot
    create: a function makes and rotates them, and only the functions whose routes say so read
    them.

    Attributes:
        names: The full name of each, for the functions' environment; refers to the resource, so
            that whoever is told the name is deployed after the parameter.
    """

    def __init__(self, scope: Construct, id_: str, *, stage: Stage) -> None:
        super().__init__(scope, id_)
        self._paths: dict[Parameter, str] = {
            "config": f"/job-ledger/{stage.name}/config",
            "cursor-key": f"/job-ledger/{stage.name}/cursor-key",
        }
        config = ssm.StringParameter(
            self,
            "Config",
            parameter_name=self._paths["config"],
            description="How the functions behave: the fields of Config in common/config.py",
            string_value=json.dumps({"retention_days": stage.job_retention_days}),
        )
        self.names: dict[Parameter, str] = {
            "config": config.parameter_name,
            "cursor-key": self._cursor_key(stage).ref,
        }

    @property
    def arns(self) -> list[str]:
        """The ARNs of all parameters."""
        return [self.arn(parameter) for parameter in self._paths]

    def arn(self, parameter: Parameter) -> str:
        """The ARN of ``parameter``, for a policy."""
        return Stack.of(self).format_arn(
            service="ssm",
            resource="parameter",
            resource_name=self._paths[parameter].removeprefix("/"),
        )

    def _cursor_key(self, stage: Stage) -> CustomResource:
        name = f"{stage.prefix}-cursor-key"
        group = log_group(self, "CursorKeyLogs", stage=stage, name=f"/aws/lambda/{name}")
        role = iam.Role(
            self,
            "CursorKeyRole",
            description="Makes, rotates and deletes the key that signs cursors",
            assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),
            inline_policies={
                "permissions": iam.PolicyDocument(
                    statements=[
                        iam.PolicyStatement(
                            sid="Key",
                            # A rotation keeps the key before for a while, so it has to read it.
                            actions=[
                                "ssm:DeleteParameter",
                                "ssm:GetParameter",
                                "ssm:PutParameter",
                            ],
                            resources=[self.arn("cursor-key")],
                        ),
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
            self,
            "CursorKeyMaker",
            function_name=name,
            description="Makes and rotates the key that signs cursors",
            runtime=RUNTIME,
            architecture=ARCHITECTURE,
            code=lambda_.Code.from_asset(str(compiled(_MAKER))),
            handler="handler.handler",
            role=role.without_policy_updates(),
            timeout=_MAKER_TIMEOUT,
            log_group=group,
            logging_format=lambda_.LoggingFormat.JSON,
        )
        return CustomResource(
            self,
            "CursorKey",
            resource_type="Custom::CursorKey",
            service_token=maker.function_arn,
            # CloudFormation's own patience is an hour. Longer than two attempts of the function.
            service_timeout=Duration.minutes(5),
            properties={"ParameterName": self._paths["cursor-key"]},
            removal_policy=of_named(stage),
        )
