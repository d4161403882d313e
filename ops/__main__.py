"""The operator's command line: ``ops --help``."""

import typer

from infra.spec.service import SERVICE_TITLE
from ops.commands import capacity, find, logs, map, rotate_cursor_key, smoke, token

app = typer.Typer(
    name="ops",
    help=f"Operate a deployment of {SERVICE_TITLE}: the local run, or a stage on AWS with --stage.",
    epilog="Every command takes --json. Exit status: 0 success, 1 the command found a problem or"
    " failed, 2 wrong usage. Errors go to stderr. See docs/operations.md.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
)

app.command("capacity")(capacity.command)
app.command("find")(find.command)
app.command("logs")(logs.command)
app.command("map")(map.command)
app.command("rotate-cursor-key")(rotate_cursor_key.command)
app.command("smoke")(smoke.command)
app.command("token")(token.command)


if __name__ == "__main__":
    app()
