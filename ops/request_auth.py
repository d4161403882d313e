"""Authentication of the operator's own requests, as the deployment requires it."""

from collections.abc import Callable, Mapping
from typing import Any

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest

from infra.spec.service import REGION
from ops.access_token import fetch_access_token
from ops.deployment import Deployment

RequestAuth = Callable[[str, str, Mapping[str, str], str | None], Mapping[str, str]]
"""Takes a request's method, URL, headers and body; returns the headers with credentials added."""


def request_auth_for(deployment: Deployment) -> RequestAuth:
    """Return the authentication that a deployment requires in addition to the API key.

    Raises:
        NoDeployment: Requests must be signed, and there are no AWS credentials.
        NoAccessToken: Requests need an access token, and none was granted.
    """
    match deployment.outputs.get("Authorization"):
        case "cognito":
            return bearer_auth(fetch_access_token(deployment).access_token)
        case "iam":
            return signature_auth(deployment.credentials())
    return no_auth


def no_auth(_method: str, _url: str, headers: Mapping[str, str], _: object) -> Mapping[str, str]:
    """Return the headers as they are: the API key suffices."""
    return headers


def bearer_auth(access_token: str) -> RequestAuth:
    """Authenticate with an access token (RFC 6750)."""

    def authenticate(
        _method: str, _url: str, headers: Mapping[str, str], _: object
    ) -> Mapping[str, str]:
        return {**headers, "Authorization": f"Bearer {access_token}"}

    return authenticate


def signature_auth(credentials: Any) -> RequestAuth:
    """Authenticate with a signature by AWS credentials (Signature Version 4)."""

    def authenticate(
        method: str, url: str, headers: Mapping[str, str], body: str | None
    ) -> Mapping[str, str]:
        request = AWSRequest(method, url, headers=dict(headers), data=body)
        SigV4Auth(credentials, "execute-api", REGION).add_auth(request)
        return dict(request.headers)

    return authenticate
