"""``ops rotate-cursor-key``: replaces the key that signs cursors, which never leaves AWS.

The function that created the key during deployment creates the new one
(infra/custom_resources/makers). Nothing needs a deployment or a restart: the functions read the
keys again every few minutes.
"""

import json
import sys
from datetime import UTC, datetime
from typing import Annotated, NamedTuple

import typer
from botocore.exceptions import BotoCoreError, ClientError

from infra.spec.output_names import CURSOR_KEY, CURSOR_KEY_FUNCTION
from ops.deployment import Deployment, NoDeployment, find_deployment
from ops.options import StageOption, fail
from ops.output import stdout_console


class NotRotated(Exception):
    """The key is unchanged; the message says why."""


class Rotation(NamedTuple):
    """The times at which a rotation takes effect."""

    signs_from: datetime
    """When the new key begins to sign."""

    old_cursors_until: datetime
    """When the cursors issued before the rotation expire."""


def rotate(deployment: Deployment, *, revoke: bool) -> Rotation:
    """Create a new key.

    Args:
        deployment: The deployment whose key is replaced.
        revoke: Invalidate all cursors issued so far.

    Raises:
        NotRotated: AWS refused or failed.
    """
    event = {
        "RequestType": "Rotate",
        "ParameterName": deployment.outputs[CURSOR_KEY],
        "Revoke": revoke,
    }
    try:
        response = deployment.client("lambda").invoke(
            FunctionName=deployment.outputs[CURSOR_KEY_FUNCTION],
            Payload=json.dumps(event).encode(),
        )
    except (BotoCoreError, ClientError) as error:
        raise NotRotated(str(error)) from error
    answer = json.load(response["Payload"])
    if "FunctionError" in response:
        raise NotRotated(answer.get("errorMessage", "the function failed; see its log"))
    return Rotation(*(datetime.fromtimestamp(answer[name], UTC) for name in Rotation._fields))


def command(
    stage: StageOption = None,
    revoke: Annotated[
        bool,
        typer.Option("--revoke", help="Invalidate existing cursors now: the old key has leaked."),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the times as JSON.")] = False,
) -> None:
    """Replace the key that signs cursors. Existing cursors stay valid for a day."""
    try:
        rotation = rotate(find_deployment(stage), revoke=revoke)
    except NoDeployment as error:
        fail(str(error))
    except NotRotated as error:
        fail(f"The key was not rotated: {error}")
    if as_json:
        times = {name: f"{time:%Y-%m-%dT%H:%M:%SZ}" for name, time in rotation._asdict().items()}
        sys.stdout.write(json.dumps(times) + "\n")
        return
    console = stdout_console()
    console.print("[green]✓[/] There is a new key.")
    console.print(f"  It signs from        {rotation.signs_from:%Y-%m-%d %H:%M:%S} UTC")
    console.print(f"  Old cursors end at   {rotation.old_cursors_until:%Y-%m-%d %H:%M:%S} UTC")
    if revoke:
        console.print("[dim]For up to six minutes, callers may have to restart a list.[/]")
