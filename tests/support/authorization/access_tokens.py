"""Get access tokens from Cognito as a machine, and call the API with them."""

from dataclasses import dataclass
from typing import Any

import urllib3

from common.entities import ENTITIES
from infra.spec.routes import SCOPES, Access
from tests.support.deployment.service import Service
from tests.support.http.caller import Caller, bearer_auth

_HTTP = urllib3.PoolManager(retries=False)


@dataclass(frozen=True)
class MachineClient:
    """A client of a user pool that gets tokens with its own secret."""

    token_url: str
    id: str
    secret: str

    def token(self, scope: str) -> str:
        """Get an access token with the client credentials grant (RFC 6749).

        Args:
            scope: The scopes, separated by spaces.
        """
        response = _HTTP.request(
            "POST",
            self.token_url,
            fields={"grant_type": "client_credentials", "scope": scope},
            encode_multipart=False,
            headers=urllib3.make_headers(basic_auth=f"{self.id}:{self.secret}"),
        )
        assert response.status == 200, response.data
        access_token: str = response.json()["access_token"]
        return access_token


def create_machine_client(service: Service, user_pool: str, **settings: Any) -> MachineClient:
    """Create another machine client in a user pool.

    Args:
        service: The service.
        user_pool: The user pool's id.
        settings: Further settings, in boto3's form.
    """
    client = service.client("cognito-idp").create_user_pool_client(
        UserPoolId=user_pool,
        ClientName="another",
        GenerateSecret=True,
        AllowedOAuthFlowsUserPoolClient=True,
        AllowedOAuthFlows=["client_credentials"],
        AllowedOAuthScopes=[*SCOPES],
        **settings,
    )["UserPoolClient"]
    return MachineClient(token_url(service), client["ClientId"], client["ClientSecret"])


def scopes_for(access: Access) -> str:
    """Return the scopes that allow an access to all entities, separated by spaces."""
    return " ".join(f"{entity.collection}/{access}" for entity in ENTITIES)


def token_url(service: Service) -> str:
    """Return the URL of the emulator's token endpoint."""
    return f"{service.endpoint.aws_endpoint_url}/oauth2/token"


def token_caller(service: Service, token: str | None) -> Caller:
    """Return a caller with an API key and a token, or without a token if it is None."""
    auth = bearer_auth(token) if token else None
    return Caller(service.api_url, service.api_key, "cognito", auth)
