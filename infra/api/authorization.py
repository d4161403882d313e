"""How callers prove who they are: what each method asks for, by the stage's authorization.

An API key is asked for in any case: it is what the limits of a usage plan go by, and no proof.
"""

from collections.abc import Mapping, Sequence
from typing import TypedDict

from aws_cdk import Duration
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_cognito as cognito
from aws_cdk import aws_iam as iam
from constructs import Construct

from infra.api.user_pool import UserPool
from infra.spec import stages
from infra.spec.routes import SCOPES, Route
from infra.spec.stages import Stage

CALLER: Mapping[stages.Authorization, str] = {
    "api-key": "$context.identity.apiKeyId",
    "cognito": "$context.authorizer.claims.sub",
    "iam": "$context.identity.userArn",
}
"""The variable of API Gateway that says who calls."""


class MethodAuthorization(TypedDict, total=False):
    """The options of a method that are about who may call it."""

    authorization_type: apigateway.AuthorizationType
    authorizer: apigateway.IAuthorizer
    authorization_scopes: list[str]


class LedgerAuthorization(Construct):
    """What the methods of a stage ask of their callers, and what lets callers answer.

    Attributes:
        outputs: What callers need to know, for the stack's outputs.
    """

    def __init__(self, scope: Construct, id_: str, *, stage: Stage) -> None:
        super().__init__(scope, id_)
        self._stage = stage
        self.outputs: dict[str, tuple[str, str]] = {
            "Authorization": ("How callers prove who they are", stage.authorization)
        }
        self._authorizer: apigateway.IAuthorizer | None = None
        if stage.authorization == "cognito":
            self._authorizer = apigateway.CognitoUserPoolsAuthorizer(
                self,
                "Authorizer",
                authorizer_name=stage.prefix,
                cognito_user_pools=[self._user_pool()],
                # Nothing is remembered of a token, so none is good for longer than it says.
                results_cache_ttl=Duration.seconds(0),
            )

    def of(self, route: Route) -> MethodAuthorization:
        """What the method of ``route`` asks for besides an API key."""
        if self._authorizer:
            return MethodAuthorization(
                authorization_type=apigateway.AuthorizationType.COGNITO,
                authorizer=self._authorizer,
                authorization_scopes=[route.scope],
            )
        if self._stage.authorization == "iam":
            return MethodAuthorization(authorization_type=apigateway.AuthorizationType.IAM)
        return MethodAuthorization(authorization_type=apigateway.AuthorizationType.NONE)

    def add_policies(self, api: apigateway.RestApi, routes: Sequence[Route]) -> None:
        """With "iam", add a managed policy for each access that a route may need.

        Args:
            api: The API.
            routes: Its routes.
        """
        if self._stage.authorization != "iam":
            return
        for access, what in SCOPES.items():
            iam.ManagedPolicy(
                self,
                f"{access.capitalize()}Jobs",
                managed_policy_name=f"{self._stage.prefix}-{access}-jobs",
                description=f"{what}, through the API of {self._stage.prefix}",
                statements=[
                    iam.PolicyStatement(
                        actions=["execute-api:Invoke"],
                        resources=[
                            api.arn_for_execute_api(route.method, route.any_path, self._stage.name)
                            for route in routes
                            if route.access == access
                        ],
                    )
                ],
            )

    def _user_pool(self) -> cognito.IUserPool:
        if self._stage.user_pool_arn:
            return cognito.UserPool.from_user_pool_arn(self, "UserPool", self._stage.user_pool_arn)
        made = UserPool(self, "UserPool", stage=self._stage)
        self.outputs |= made.outputs
        return made.pool
