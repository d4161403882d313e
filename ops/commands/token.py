"""``ops token``: gets an access token for a machine."""

import json
import sys
from typing import Annotated

import typer
from rich.console import Console

from infra.spec.routes import ACCESSES
from ops.access_token import NoAccessToken, fetch_access_token
from ops.deployment import NoDeployment, find_deployment
from ops.options import USAGE, StageOption, fail


def command(
    stage: StageOption = None,
    access: Annotated[
        list[str] | None,
        typer.Option(help=f"{' or '.join(ACCESSES)}; repeatable. Default: both."),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the token with its lifetime and scope as JSON.")
    ] = False,
) -> None:
    """Get an access token for a machine, if the deployment requires one."""
    unknown = sorted({*(access or ())} - {*ACCESSES})
    if unknown:
        fail(f"There is no access {unknown[0]}. Choose from {', '.join(ACCESSES)}.", USAGE)
    try:
        token = fetch_access_token(find_deployment(stage), access or ACCESSES)
    except NoDeployment as error:
        fail(str(error))
    except NoAccessToken as error:
        fail(f"No token: {error}")
    if as_json:
        sys.stdout.write(json.dumps(token._asdict()) + "\n")
        return
    sys.stdout.write(token.access_token + "\n")
    if sys.stdout.isatty():
        Console(stderr=True).print(
            f"[dim]Valid for {token.expires_in // 60} minutes; allows {token.scope}.[/]"
        )
