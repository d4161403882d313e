"""The operator's command line: ``ops --help``."""

import typer

from ops.commands import rotate_cursor_key, token
from ops.commands.find import find
from ops.commands.logs import logs
from ops.commands.map import map_
from ops.commands.smoke import smoke
from tools.capacity import capacity

app = typer.Typer(
    name="ops",
    help="Look into a deployment of Job Ledger: on AWS with --stage, else on this machine.",
    epilog="Every command takes --json. Exit status: 0 all is well, 1 it found a problem or could"
    " not do its work, 2 it was called wrongly. What is wrong goes to stderr. docs/operations.md"
    " has more.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
)


@app.callback()
def main() -> None:
    """Make commands of whatever is added to the app, even of a single one."""


app.command()(capacity)
app.command()(find)
app.command()(logs)
app.command("rotate-cursor-key")(rotate_cursor_key.command)
app.command("map")(map_)
app.command()(smoke)
app.command("token")(token.command)


if __name__ == "__main__":
    app()
