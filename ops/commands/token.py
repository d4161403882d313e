"""Gets an access token for a machine, as a worker does: by the client credentials grant.

What the machine signs in with stays in Parameter Store, but for the request for the token.
"""

import json
import sys
from base64 import b64encode
from collections.abc import Sequence
from typing import Annotated, Any, NamedTuple
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import typer
from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console

from infra.spec.routes import RESOURCE_SERVER, SCOPES
from ops import deployment as target
from ops.deployment import NoTarget, Target
from ops.options import USAGE, StageName, fail

_TIMEOUT_SECONDS = 10


class NoToken(Exception):
    """There is none; the message says why, and does not quote what the machine signs in with."""


class Token(NamedTuple):
    """An access token.

    Attributes:
        access_token: Goes into the Authorization header, after ``Bearer``.
        expires_in: For how many seconds it is good.
        scope: What it allows, with spaces between.
    """

    access_token: str
    expires_in: int
    scope: str


def fetch(deployment: Target, access: Sequence[str] = tuple(SCOPES)) -> Token:
    """A new access token.

    Args:
        deployment: What it is for.
        access: What it shall allow: read, write or both.

    Raises:
        NoToken: The deployment takes none, or AWS refused or failed.
    """
    name = deployment.outputs.get("MachineCredentials")
    if name is None:
        way = deployment.outputs.get("Authorization", "api-key")
        raise NoToken(
            f"this deployment makes none (its authorization is {way}); see docs/sign-in.md"
        )
    try:
        parameter = deployment.client("ssm").get_parameter(Name=name, WithDecryption=True)
    except (BotoCoreError, ClientError) as error:
        raise NoToken(str(error)) from error
    machine = json.loads(parameter["Parameter"]["Value"])
    scope = " ".join(f"{RESOURCE_SERVER}/{each}" for each in access)
    # The embedded AWS does not answer at the address of the sign-in.
    url = machine["token_url"]
    if deployment.aws_endpoint_url is not None:
        url = f"{deployment.aws_endpoint_url}/oauth2/token"
    granted = _grant(url, machine["client_id"], machine["client_secret"], scope)
    return Token(granted["access_token"], granted["expires_in"], scope)


def _grant(url: str, client_id: str, client_secret: str, scope: str) -> dict[str, Any]:
    """Ask for a token (RFC 6749, 4.4)."""
    request = Request(  # noqa: S310  the URL is Cognito's
        url,
        data=urlencode({"grant_type": "client_credentials", "scope": scope}).encode(),
        headers={
            "Authorization": f"Basic {b64encode(f'{client_id}:{client_secret}'.encode()).decode()}",
            "Content-Type": "application/x-www-form-urlencoded",
        },
    )
    try:
        with urlopen(request, timeout=_TIMEOUT_SECONDS) as answer:  # noqa: S310  the same URL
            granted: dict[str, Any] = json.load(answer)
            return granted
    except HTTPError as refused:
        with refused:
            raise NoToken(f"{url} answers {refused.code}: {_reason(refused)}") from None
    except (URLError, TimeoutError) as error:
        raise NoToken(f"{url} cannot be reached: {error}") from error


def _reason(refused: HTTPError) -> str:
    """The error code of the answer (RFC 6749, 5.2)."""
    try:
        return str(json.load(refused)["error"])
    except (ValueError, TypeError, KeyError):
        return refused.reason


def command(
    stage: StageName = None,
    access: Annotated[
        list[str] | None, typer.Option(help=f"{' or '.join(SCOPES)}; both unless given.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="With its validity, as JSON.")] = False,
) -> None:
    """Get an access token for a machine, for where one is asked for."""
    unknown = sorted({*(access or ())} - SCOPES.keys())
    if unknown:
        fail(f"There is no access {unknown[0]}; there are {', '.join(SCOPES)}.", USAGE)
    try:
        token = fetch(target.find(stage), access or tuple(SCOPES))
    except NoTarget as error:
        fail(str(error))
    except NoToken as error:
        fail(f"There is no token: {error}")
    if as_json:
        sys.stdout.write(json.dumps(token._asdict()) + "\n")
        return
    sys.stdout.write(token.access_token + "\n")
    if sys.stdout.isatty():
        Console(stderr=True).print(
            f"[dim]Good for {token.expires_in // 60} minutes, with {token.scope}.[/]"
        )
