"""Telling people what a long run is at: its steps, how far each is, and how long it took."""

import contextlib
import time
from collections.abc import Iterator
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as LiveProgress

_LINE_SECONDS = 2
"""Without a terminal to redraw, how often a step may say how far it is."""


class Step(Protocol):
    """A step under way."""

    def at(self, done: int, total: int, what: str) -> None:
        """Say how far the step is.

        Args:
            done: The parts that are done.
            total: All parts.
            what: The part that was last heard of.
        """


class Progress:
    """The steps of a run: a live display on a terminal, plain lines elsewhere."""

    def __init__(self, console: Console) -> None:
        self._console = console

    @contextlib.contextmanager
    def step(self, title: str) -> Iterator[Step]:
        """Show that the step ``title`` is under way for as long as the context is."""
        started = time.monotonic()
        try:
            if self._console.is_terminal:
                with _live(self._console, title) as step:
                    yield step
            else:
                self._console.print(f"… {title}", highlight=False, soft_wrap=True)
                yield _Lines(self._console, title)
        except BaseException:
            self._say(f"[red]✗[/] {title}", started)
            raise
        self._say(f"[green]✓[/] {title}", started)

    def _say(self, what: str, started: float) -> None:
        seconds = time.monotonic() - started
        self._console.print(f"{what} [dim]{seconds:.1f} s[/]", highlight=False, soft_wrap=True)


@contextlib.contextmanager
def _live(console: Console, title: str) -> Iterator["_Live"]:
    with LiveProgress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(bar_width=30),
        TimeElapsedColumn(),
        TextColumn("[dim]{task.fields[what]}"),
        console=console,
        transient=True,
    ) as display:
        yield _Live(display, title)


class _Live:
    def __init__(self, display: LiveProgress, title: str) -> None:
        self._display = display
        self._task = display.add_task(title, total=None, what="")

    def at(self, done: int, total: int, what: str) -> None:
        self._display.update(self._task, completed=done, total=total, what=f"{done}/{total} {what}")


class _Lines:
    def __init__(self, console: Console, title: str) -> None:
        self._console = console
        self._title = title
        self._said = time.monotonic()

    def at(self, done: int, total: int, what: str) -> None:
        if time.monotonic() - self._said >= _LINE_SECONDS:
            self._said = time.monotonic()
            self._console.print(f"  {self._title}: {done}/{total} {what}", soft_wrap=True)
