"""The credentials of workers in Parameter Store, and the policy that lets a worker read them."""

from aws_cdk import CustomResource, Stack
from aws_cdk import aws_iam as iam
from constructs import Construct

from infra.api.authorization import ApiAuthorization
from infra.api.rest_api import LedgerApi
from infra.conventions.outputs import Output
from infra.data.secret_parameter import parameter_arn, secret_parameter
from infra.spec.stages import Stage


class WorkerAccess(Construct):
    """The default API key's value as a SecureString, and a managed policy for workers.

    Attach the policy to the role of a worker. It allows the worker to read the API key and, where
    the stage issues access tokens, the credentials that it exchanges for tokens.
    """

    outputs: dict[str, Output]
    """The stack outputs that workers need."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        stage: Stage,
        api: LedgerApi,
        authorization: ApiAuthorization,
    ) -> None:
        super().__init__(scope, id_)
        name = stage.parameter("api-key")
        arn = parameter_arn(self, name)
        parameter = self._add_parameter(stage, api, name, arn)
        policy = iam.ManagedPolicy(
            self,
            "Policy",
            managed_policy_name=f"{stage.prefix}-worker",
            description=f"Read the credentials with which workers call {stage.prefix}",
            statements=[
                # The KMS key that AWS manages for Parameter Store lets everyone in the account
                # decrypt through it, so a statement on the key would allow nothing more.
                # https://docs.aws.amazon.com/kms/latest/developerguide/services-parameter-store.html
                iam.PolicyStatement(
                    sid="Credentials",
                    actions=["ssm:GetParameter"],
                    resources=[arn, *authorization.credentials_arns],
                )
            ],
        )
        self.outputs = {
            "ApiKeyParameter": Output(
                "The parameter with the value of the API key, for workers", parameter.ref
            ),
            "WorkerPolicyArn": Output(
                "The policy that lets a worker read its credentials", policy.managed_policy_arn
            ),
        }

    def _add_parameter(self, stage: Stage, api: LedgerApi, name: str, arn: str) -> CustomResource:
        stack = Stack.of(self)
        # https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonapigatewaymanagement.html
        key = f"arn:{stack.partition}:apigateway:{stack.region}::/apikeys/{api.api_key.key_id}"
        return secret_parameter(
            self,
            "ApiKey",
            stage=stage,
            module="api_key",
            description="Copies the value of the API key to Parameter Store",
            statements=[
                iam.PolicyStatement(sid="Key", actions=["apigateway:GET"], resources=[key]),
                iam.PolicyStatement(
                    sid="Parameter",
                    actions=["ssm:DeleteParameter", "ssm:PutParameter"],
                    resources=[arn],
                ),
            ],
            properties={"ParameterName": name, "ApiKeyId": api.api_key.key_id},
        )
