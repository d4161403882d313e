"""Options and exit statuses that the commands of ``ops`` share."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Annotated, NoReturn, TypeAlias

import typer
from rich.console import Console

from infra.spec.stages import STAGES

FAILED = 1
"""The exit status of a command that found a problem or failed."""

USAGE = 2
"""The exit status of a command that was called with wrong or missing arguments."""


def one_of(words: Iterable[str]) -> Callable[[str], str]:
    """Return a parser for an option whose value is one of ``words``."""
    choices = list(dict.fromkeys(words))

    def choice(text: str) -> str:
        if text not in choices:
            raise typer.BadParameter(f"{text} is not one of {', '.join(choices)}.")
        return text

    return choice


StageOption: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--stage",
        parser=one_of(STAGES),
        metavar="|".join(STAGES),
        autocompletion=lambda: list(STAGES),
        help="A stage on AWS. Default: the local run.",
    ),
]


def parse_time(text: str) -> datetime:
    """Parse the time that an option gives, and return it in UTC.

    Raises:
        typer.BadParameter: The text is not a time.
    """
    try:
        # Without an offset, the operator means local time.
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise typer.BadParameter(f"{text} is not a time such as 2026-01-31T09:30.") from error


def fail(message: str, status: int = FAILED) -> NoReturn:
    """Print an error message and end the command."""
    Console(stderr=True).print(
        message, style="bold red", markup=False, highlight=False, soft_wrap=True
    )
    raise typer.Exit(status)
