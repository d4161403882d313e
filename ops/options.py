"""What the commands of ``ops`` share: options, and how they fail."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Annotated, NoReturn, TypeAlias

import typer
from rich.console import Console

from infra.spec.stages import STAGES

FAILED, USAGE = 1, 2
"""Exit statuses: a command has found a problem, or was not told what it needs."""


def one_of(known: Iterable[str]) -> Callable[[str], str]:
    """A parser for an option that takes one of some words."""
    choices = list(dict.fromkeys(known))

    def choice(text: str) -> str:
        if text not in choices:
            raise typer.BadParameter(f"{text} is none of {', '.join(choices)}.")
        return text

    return choice


StageName: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--stage",
        parser=one_of(STAGES),
        metavar="|".join(STAGES),
        autocompletion=lambda: list(STAGES),
        help="On AWS; else on this machine.",
    ),
]


def a_moment(text: str) -> datetime:
    """The time that an option says, in UTC.

    Raises:
        typer.BadParameter: It is none.
    """
    try:
        # Without an offset, it is meant as the clock on the wall shows it.
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise typer.BadParameter(f"{text} is no time such as 2026-01-31T09:30.") from error


def fail(message: str, status: int = FAILED) -> NoReturn:
    """End the command, and say why."""
    Console(stderr=True).print(
        message, style="bold red", markup=False, highlight=False, soft_wrap=True
    )
    raise typer.Exit(status)
