"""Configuration and secrets in Parameter Store."""

import json

from aws_cdk import CustomResource, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_ssm as ssm
from constructs import Construct

from infra.data.secret_resource import made_secret
from infra.spec.routes import SsmParameter
from infra.spec.stages import Stage


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
        self._paths: dict[SsmParameter, str] = {
            "config": f"/job-ledger/{stage.name}/config",
            "cursor-key": f"/job-ledger/{stage.name}/cursor-key",
        }
        config = ssm.StringParameter(
            self,
            "Config",
            parameter_name=self._paths["config"],
            description="The settings that can be changed without a deployment",
            string_value=json.dumps({"retention_days": stage.job_retention_days}),
        )
        self.names: dict[SsmParameter, str] = {
            "config": config.parameter_name,
            "cursor-key": self._cursor_key(stage).ref,
        }

    @property
    def arns(self) -> list[str]:
        """The ARNs of all parameters."""
        return [self.arn(parameter) for parameter in self._paths]

    def arn(self, parameter: SsmParameter) -> str:
        """The ARN of ``parameter``, for a policy."""
        return Stack.of(self).format_arn(
            service="ssm",
            resource="parameter",
            resource_name=self._paths[parameter].removeprefix("/"),
        )

    def _cursor_key(self, stage: Stage) -> CustomResource:
        return made_secret(
            self,
            "CursorKey",
            stage=stage,
            module="cursor_key",
            description="Makes, rotates and deletes the key that signs cursors",
            statements=[
                iam.PolicyStatement(
                    sid="Key",
                    # A rotation keeps the key before for a while, so it has to read it.
                    actions=["ssm:DeleteParameter", "ssm:GetParameter", "ssm:PutParameter"],
                    resources=[self.arn("cursor-key")],
                )
            ],
            properties={"ParameterName": self._paths["cursor-key"]},
        )
