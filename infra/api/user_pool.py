"""The Cognito user pool of a stage, which issues access tokens for the API."""

from aws_cdk import Aws, CustomResource, Duration
from aws_cdk import aws_cognito as cognito
from aws_cdk import aws_iam as iam
from constructs import Construct

from common.crud.entity import Entity
from common.entities import ENTITIES
from infra.conventions.outputs import Output
from infra.conventions.retention import retention_for_data
from infra.data.secret_parameter import parameter_arn, secret_parameter
from infra.spec.routes import SCOPES, scopes
from infra.spec.stages import Stage

_TOKEN_VALIDITY = Duration.hours(1)
_SIGN_IN_VALIDITY = Duration.hours(12)

_OAUTH_ONLY = cognito.AuthFlow(user_srp=False)
"""No sign-in through the API of the user pool, only through its pages and its token endpoint.

Without a list, Cognito would also allow SRP and custom flows:
https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_CreateUserPoolClient.html.
The OAuth grants need neither: https://repost.aws/questions/QUOGxGcYjBShGkieKGFtnqxQ. The CDK
adds the refreshing of tokens to each list.
"""


class UserPool(Construct):
    """A user pool with the scopes of the API, and a client for each kind of caller.

    Machines sign in with the client credentials grant, people with an authorization code and PKCE
    on the pages that Cognito serves. Users cannot sign up: an administrator creates them.
    """

    cognito_pool: cognito.UserPool

    outputs: dict[str, Output]
    """The stack outputs that clients need to sign in."""

    credentials_arn: str
    """The ARN of the parameter with the credentials of machines."""

    def __init__(self, scope: Construct, id_: str, *, stage: Stage) -> None:
        super().__init__(scope, id_)
        self.cognito_pool = self._add_pool(stage)
        domain = self.cognito_pool.add_domain(
            "Domain",
            cognito_domain=cognito.CognitoDomainOptions(
                # Unique among all accounts of the region.
                domain_prefix=f"{stage.prefix}-{Aws.ACCOUNT_ID}"
            ),
        )
        api_scopes = [
            scope for entity in ENTITIES for scope in self._add_resource_server(stage, entity)
        ]
        browser = self.cognito_pool.add_client(
            "Browser",
            user_pool_client_name=f"{stage.prefix}-browser",
            generate_secret=False,
            auth_flows=_OAUTH_ONLY,
            o_auth=cognito.OAuthSettings(
                flows=cognito.OAuthFlows(authorization_code_grant=True),
                scopes=[cognito.OAuthScope.OPENID, *api_scopes],
                callback_urls=list(stage.sign_in_callbacks),
                logout_urls=list(stage.sign_in_callbacks),
            ),
            supported_identity_providers=[cognito.UserPoolClientIdentityProvider.COGNITO],
            access_token_validity=_TOKEN_VALIDITY,
            id_token_validity=_TOKEN_VALIDITY,
            refresh_token_validity=_SIGN_IN_VALIDITY,
            enable_token_revocation=True,
            prevent_user_existence_errors=True,
        )
        machine = self.cognito_pool.add_client(
            "Machine",
            user_pool_client_name=f"{stage.prefix}-machine",
            generate_secret=True,
            auth_flows=_OAUTH_ONLY,
            o_auth=cognito.OAuthSettings(
                flows=cognito.OAuthFlows(client_credentials=True), scopes=api_scopes
            ),
            access_token_validity=_TOKEN_VALIDITY,
            enable_token_revocation=True,
            prevent_user_existence_errors=True,
        )
        credentials = self._add_machine_credentials(stage, machine, domain)
        self.outputs = {
            "SignInUrl": Output(
                "The URL where browsers sign in and clients get tokens", domain.base_url()
            ),
            "BrowserClientId": Output(
                "The client of browsers, for the authorization code grant with PKCE",
                browser.user_pool_client_id,
            ),
            "MachineCredentials": Output(
                "The parameter with the credentials that workers exchange for tokens",
                credentials.ref,
            ),
        }

    def _add_pool(self, stage: Stage) -> cognito.UserPool:
        return cognito.UserPool(
            self,
            "Users",
            user_pool_name=stage.prefix,
            self_sign_up_enabled=False,
            sign_in_aliases=cognito.SignInAliases(email=True),
            account_recovery=cognito.AccountRecovery.EMAIL_ONLY,
            mfa=cognito.Mfa.REQUIRED,
            mfa_second_factor=cognito.MfaSecondFactor(otp=True, sms=False),
            password_policy=cognito.PasswordPolicy(
                min_length=12,
                require_digits=True,
                require_lowercase=True,
                require_symbols=True,
                require_uppercase=True,
                temp_password_validity=Duration.days(1),
            ),
            # Includes threat protection. AWS bills it per user who signs in; machine clients cost
            # nothing extra.
            feature_plan=cognito.FeaturePlan.PLUS,
            standard_threat_protection_mode=cognito.StandardThreatProtectionMode.FULL_FUNCTION,
            deletion_protection=stage.retain_data,
            removal_policy=retention_for_data(stage),
        )

    def _add_resource_server(self, stage: Stage, entity: Entity) -> list[cognito.OAuthScope]:
        """Add the resource server of an entity, and return its scopes."""
        entity_scopes = [
            cognito.ResourceServerScope(scope_name=access, scope_description=description)
            for access, description in scopes(entity).items()
        ]
        server = self.cognito_pool.add_resource_server(
            entity.plural_type_name,
            identifier=entity.collection,
            user_pool_resource_server_name=stage.prefix,
            scopes=entity_scopes,
        )
        return [cognito.OAuthScope.resource_server(server, scope) for scope in entity_scopes]

    def _add_machine_credentials(
        self, stage: Stage, machine: cognito.UserPoolClient, domain: cognito.UserPoolDomain
    ) -> CustomResource:
        name = stage.parameter("machine-client")
        self.credentials_arn = parameter_arn(self, name)
        return secret_parameter(
            self,
            "MachineClient",
            stage=stage,
            module="machine_client",
            description="Copies the credentials of machine clients to Parameter Store",
            statements=[
                iam.PolicyStatement(
                    sid="Client",
                    actions=["cognito-idp:DescribeUserPoolClient"],
                    resources=[self.cognito_pool.user_pool_arn],
                ),
                iam.PolicyStatement(
                    sid="Credentials",
                    actions=["ssm:DeleteParameter", "ssm:PutParameter"],
                    resources=[self.credentials_arn],
                ),
            ],
            properties={
                "ParameterName": name,
                "UserPoolId": self.cognito_pool.user_pool_id,
                "ClientId": machine.user_pool_client_id,
                "TokenUrl": f"{domain.base_url()}/oauth2/token",
                "Scope": " ".join(SCOPES),
            },
        )
