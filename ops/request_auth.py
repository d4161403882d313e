"""How an operator's own requests prove who calls, in the way that the deployment asks for."""

from collections.abc import Callable, Mapping
from typing import Any

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest

from infra.spec.stages import REGION
from ops.commands import token
from ops.deployment import Target

Proof = Callable[[str, str, Mapping[str, str], str | None], Mapping[str, str]]
"""Method, URL, headers and body of a request to the headers that also say who calls."""


def of(deployment: Target) -> Proof:
    """The proof that goes with every request to a deployment, besides the API key.

    Raises:
        NoTarget: A signature is asked for, and there are no AWS credentials.
        token.NoToken: An access token is asked for, and there is none.
    """
    match deployment.outputs.get("Authorization"):
        case "cognito":
            return bearer(token.fetch(deployment).access_token)
        case "iam":
            return signature(deployment.credentials())
    return nothing


def nothing(_method: str, _url: str, headers: Mapping[str, str], _: object) -> Mapping[str, str]:
    """No more than the request has."""
    return headers


def bearer(access_token: str) -> Proof:
    """An access token (RFC 6750)."""

    def prove(_method: str, _url: str, headers: Mapping[str, str], _: object) -> Mapping[str, str]:
        return {**headers, "Authorization": f"Bearer {access_token}"}

    return prove


def signature(credentials: Any) -> Proof:
    """A signature with AWS credentials (Signature Version 4)."""

    def prove(
        method: str, url: str, headers: Mapping[str, str], body: str | None
    ) -> Mapping[str, str]:
        request = AWSRequest(method, url, headers=dict(headers), data=body)
        SigV4Auth(credentials, "execute-api", REGION).add_auth(request)
        return dict(request.headers)

    return prove
