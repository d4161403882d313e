"""The operator's command line: ``ops --help``."""

import typer

from ops import rotate_cursor_key
from ops.logs import logs

app = typer.Typer(
    name="ops",
    help="Look into a deployment of Job Ledger: on AWS with --stage, else on this machine.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
)


@app.callback()
def main() -> None:
    """Make commands of whatever is added to the app, even of a single one."""


app.command()(logs)
app.command("rotate-cursor-key")(rotate_cursor_key.command)

if __name__ == "__main__":
    app()
