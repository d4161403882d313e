"""The parameters of a stage in Parameter Store."""

import json

from aws_cdk import CustomResource
from aws_cdk import aws_iam as iam
from aws_cdk import aws_ssm as ssm
from constructs import Construct

from infra.data.secret_parameter import parameter_arn, secret_parameter
from infra.spec.routes import SsmParameter
from infra.spec.stages import Stage


class Parameters(Construct):
    """The settings and the secret that functions read.

    ``config`` is a JSON object that may be edited at any time. ``cursor-key`` is a SecureString
    with the random keys that sign cursors, newest first; a custom resource creates it.
    """

    names: dict[SsmParameter, str]
    """The full name of each parameter.

    A name refers to the resource, so CloudFormation creates the parameter before a function that
    gets its name.
    """

    def __init__(self, scope: Construct, id_: str, *, stage: Stage) -> None:
        super().__init__(scope, id_)
        self._paths: dict[SsmParameter, str] = {
            "config": stage.parameter("config"),
            "cursor-key": stage.parameter("cursor-key"),
        }
        config = ssm.StringParameter(
            self,
            "Config",
            parameter_name=self._paths["config"],
            description="The settings that can be changed without a deployment",
            string_value=json.dumps({"retention_days": stage.retention_days}),
        )
        self.names = {
            "config": config.parameter_name,
            "cursor-key": self._add_cursor_key(stage).ref,
        }

    @property
    def arns(self) -> list[str]:
        """The ARNs of all parameters."""
        return [self.arn(parameter) for parameter in self._paths]

    def arn(self, parameter: SsmParameter) -> str:
        """Return the ARN of ``parameter``, for a policy."""
        return parameter_arn(self, self._paths[parameter])

    def _add_cursor_key(self, stage: Stage) -> CustomResource:
        return secret_parameter(
            self,
            "CursorKey",
            stage=stage,
            module="cursor_key",
            description="Creates, rotates and deletes the key that signs cursors",
            statements=[
                iam.PolicyStatement(
                    sid="Key",
                    # A rotation reads the previous key, to keep it for a while.
                    actions=["ssm:DeleteParameter", "ssm:GetParameter", "ssm:PutParameter"],
                    resources=[self.arn("cursor-key")],
                )
            ],
            properties={"ParameterName": self._paths["cursor-key"]},
        )
