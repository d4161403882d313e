"""Output for people, which may also go into a pipe."""

from rich.console import Console

UNLIMITED = 10_000
"""A width at which Rich wraps and crops nothing."""


def stdout_console(*, soft_wrap: bool = True, highlight: bool = True) -> Console:
    """Return a console for standard output; in a pipe, its lines have any length.

    Args:
        soft_wrap: Leave long lines to the terminal. False for tables, whose cells Rich must wrap.
        highlight: Colour numbers, paths and URLs.
    """
    console = Console(soft_wrap=soft_wrap, highlight=highlight)
    if not console.is_terminal:
        console.width = UNLIMITED
    return console
