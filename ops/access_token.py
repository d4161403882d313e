"""Access tokens for machines, from Cognito's client credentials grant, as a worker gets them.

The machine's credentials stay in Parameter Store; they leave it only in the request for a token.
"""

import json
from base64 import b64encode
from collections.abc import Sequence
from typing import Any, NamedTuple
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

from botocore.exceptions import BotoCoreError, ClientError

from infra.spec.routes import ACCESSES, SCOPES
from ops.deployment import Deployment

_TIMEOUT_SECONDS = 10


class NoAccessToken(Exception):
    """No token was granted; the message says why, without the machine's credentials."""


class AccessToken(NamedTuple):
    """An access token, as the token endpoint returns it."""

    access_token: str
    """The value of the Authorization header, after ``Bearer``."""

    expires_in: int
    """Seconds until it expires."""

    scope: str
    """The granted scopes, separated by spaces."""


def fetch_access_token(deployment: Deployment, access: Sequence[str] = ACCESSES) -> AccessToken:
    """Request an access token for a deployment.

    Args:
        deployment: The deployment that will receive the token.
        access: What the token allows: read, write or both.

    Raises:
        NoAccessToken: The deployment issues no tokens, or AWS refused or failed.
    """
    name = deployment.outputs.get("MachineCredentials")
    if name is None:
        authorization = deployment.outputs.get("Authorization", "api-key")
        raise NoAccessToken(
            f"this deployment issues none (its authorization is {authorization});"
            " see docs/sign-in.md"
        )
    try:
        parameter = deployment.client("ssm").get_parameter(Name=name, WithDecryption=True)
    except (BotoCoreError, ClientError) as error:
        raise NoAccessToken(str(error)) from error
    machine = json.loads(parameter["Parameter"]["Value"])
    scope = " ".join(each for each in SCOPES if each.rpartition("/")[2] in access)
    url = machine["token_url"]
    # The embedded AWS does not answer at the token endpoint's real address.
    if deployment.aws_endpoint_url is not None:
        url = f"{deployment.aws_endpoint_url}/oauth2/token"
    answer = _request_token(url, machine["client_id"], machine["client_secret"], scope)
    return AccessToken(answer["access_token"], answer["expires_in"], scope)


def _request_token(url: str, client_id: str, client_secret: str, scope: str) -> dict[str, Any]:
    """Send a client credentials request (RFC 6749, 4.4)."""
    credentials = b64encode(f"{client_id}:{client_secret}".encode()).decode()
    request = Request(  # noqa: S310  the URL is Cognito's
        url,
        data=urlencode({"grant_type": "client_credentials", "scope": scope}).encode(),
        headers={
            "Authorization": f"Basic {credentials}",
            "Content-Type": "application/x-www-form-urlencoded",
        },
    )
    try:
        with urlopen(request, timeout=_TIMEOUT_SECONDS) as response:  # noqa: S310  the same URL
            answer: dict[str, Any] = json.load(response)
            return answer
    except HTTPError as error:
        with error:
            raise NoAccessToken(f"{url} answers {error.code}: {_error_code(error)}") from None
    except (URLError, TimeoutError) as error:
        raise NoAccessToken(f"{url} cannot be reached: {error}") from error


def _error_code(error: HTTPError) -> str:
    """Return the error code in the body (RFC 6749, 5.2), or the reason phrase."""
    try:
        return str(json.load(error)["error"])
    except (ValueError, TypeError, KeyError):
        return error.reason
