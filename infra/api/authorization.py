"""The authorization of methods: none, a Cognito access token or a signature, by stage.

Every method requires an API key as well. The key identifies the caller to the usage plan, which
limits requests; it does not authenticate the caller.
"""

from collections.abc import Mapping, Sequence
from typing import TypedDict

from aws_cdk import Duration
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_cognito as cognito
from aws_cdk import aws_iam as iam
from constructs import Construct

from common.entities import ENTITIES
from infra.api.user_pool import UserPool
from infra.conventions.outputs import Output
from infra.spec import stages
from infra.spec.routes import Route, scopes
from infra.spec.stages import Stage

CALLER_VARIABLES: Mapping[stages.Authorization, str] = {
    "api-key": "$context.identity.apiKeyId",
    "cognito": "$context.authorizer.claims.sub",
    "iam": "$context.identity.userArn",
}
"""The context variable of API Gateway that identifies the caller."""


class MethodAuthorization(TypedDict, total=False):
    """The options of a method that decide who may call it."""

    authorization_type: apigateway.AuthorizationType
    authorizer: apigateway.IAuthorizer
    authorization_scopes: list[str]


class ApiAuthorization(Construct):
    """The authorizer of a stage with its user pool, or the IAM policies of its callers."""

    outputs: dict[str, Output]
    """The stack outputs that callers need."""

    credentials_arns: list[str]
    """The ARNs of the parameters with credentials that the stage creates for callers."""

    def __init__(self, scope: Construct, id_: str, *, stage: Stage) -> None:
        super().__init__(scope, id_)
        self._stage = stage
        self.outputs = {"Authorization": Output("How callers authenticate", stage.authorization)}
        self.credentials_arns = []
        self._authorizer: apigateway.IAuthorizer | None = None
        if stage.authorization == "cognito":
            self._authorizer = apigateway.CognitoUserPoolsAuthorizer(
                self,
                "Authorizer",
                authorizer_name=stage.prefix,
                cognito_user_pools=[self._find_or_add_user_pool()],
                # A cached result could outlive its token.
                results_cache_ttl=Duration.seconds(0),
            )

    def method_options(self, route: Route) -> MethodAuthorization:
        """Return what the method of ``route`` requires besides an API key."""
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
        """Add a managed policy for each entity and kind of access, if the stage uses "iam"."""
        if self._stage.authorization != "iam":
            return
        for entity in ENTITIES:
            for access, description in scopes(entity).items():
                allowed = [
                    api.arn_for_execute_api(route.method, route.any_path, self._stage.name)
                    for route in routes
                    if route.entity is entity and route.access == access
                ]
                iam.ManagedPolicy(
                    self,
                    f"{access.capitalize()}{entity.plural_type_name}",
                    managed_policy_name=f"{self._stage.prefix}-{access}-{entity.collection}",
                    description=f"{description}, through the API of {self._stage.prefix}",
                    statements=[
                        iam.PolicyStatement(actions=["execute-api:Invoke"], resources=allowed)
                    ],
                )

    def _find_or_add_user_pool(self) -> cognito.IUserPool:
        if self._stage.user_pool_arn:
            return cognito.UserPool.from_user_pool_arn(self, "UserPool", self._stage.user_pool_arn)
        user_pool = UserPool(self, "UserPool", stage=self._stage)
        self.outputs |= user_pool.outputs
        self.credentials_arns.append(user_pool.credentials_arn)
        return user_pool.cognito_pool
