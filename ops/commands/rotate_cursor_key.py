"""Gives a stage a new key to sign cursors with; the key itself never leaves AWS.

The function that made the key makes the new one (infra/custom_resources/makers). Nothing has to be
deployed or restarted: the functions read the keys again every few minutes.
"""

import json
import sys
from datetime import UTC, datetime
from typing import Annotated, NamedTuple

import typer
from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console

from ops import deployment as target
from ops.deployment import NoTarget, Target
from ops.options import StageName, fail


class NotRotated(Exception):
    """The key is the one that it was; the message says why."""


class Rotation(NamedTuple):
    """What a rotation means for those who list jobs.

    Attributes:
        signs_from: When the new key starts to sign.
        old_cursors_until: When the cursors that were given out before end.
    """

    signs_from: datetime
    old_cursors_until: datetime


def rotate(deployment: Target, *, revoke: bool) -> Rotation:
    """Have a new key made.

    Args:
        deployment: Where.
        revoke: End all cursors that were given out until now.

    Raises:
        NotRotated: AWS refused or failed.
    """
    event = {
        "RequestType": "Rotate",
        "ParameterName": deployment.outputs["ParametersCursorKey"],
        "Revoke": revoke,
    }
    try:
        answer = deployment.client("lambda").invoke(
            FunctionName=deployment.outputs["ParametersCursorKeyMaker"],
            Payload=json.dumps(event).encode(),
        )
    except (BotoCoreError, ClientError) as error:
        raise NotRotated(str(error)) from error
    told = json.load(answer["Payload"])
    if "FunctionError" in answer:
        raise NotRotated(told.get("errorMessage", "the function failed; see its log"))
    return Rotation(*(datetime.fromtimestamp(told[name], UTC) for name in Rotation._fields))


def command(
    stage: StageName = None,
    revoke: Annotated[
        bool, typer.Option("--revoke", help="The old key has leaked: end its cursors now.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="The times for machines.")] = False,
) -> None:
    """Make a new key that signs cursors; those already given out stay good for a day."""
    try:
        rotation = rotate(target.find(stage), revoke=revoke)
    except NoTarget as error:
        fail(str(error))
    except NotRotated as error:
        fail(f"The key was not rotated: {error}")
    if as_json:
        told = {name: f"{when:%Y-%m-%dT%H:%M:%SZ}" for name, when in rotation._asdict().items()}
        sys.stdout.write(json.dumps(told) + "\n")
        return
    said = Console()
    said.print("[green]✓[/] There is a new key.")
    said.print(f"  It signs from        {rotation.signs_from:%Y-%m-%d %H:%M:%S} UTC")
    said.print(f"  Old cursors end at   {rotation.old_cursors_until:%Y-%m-%d %H:%M:%S} UTC")
    if revoke:
        said.print("[dim]For up to six minutes, a list may have to be started again.[/]")
