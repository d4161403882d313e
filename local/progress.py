"""Show the steps of a run, with their progress and duration."""

import contextlib
import time
from collections.abc import Iterator
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as LiveProgress

_LINE_SECONDS = 2
"""The time between two reports of a step, if the output is not a terminal."""


class Step(Protocol):
    """A step that is in progress."""

    def report(self, done: int, total: int, part: str) -> None:
        """Report the progress of the step.

        Args:
            done: The number of finished parts.
            total: The number of all parts.
            part: The latest part.
        """


class Progress:
    """The steps of a run: a live display on a terminal, or plain lines."""

    def __init__(self, console: Console) -> None:
        self._console = console

    @contextlib.contextmanager
    def step(self, title: str) -> Iterator[Step]:
        """Show a step for as long as the context lasts."""
        started = time.monotonic()
        try:
            if self._console.is_terminal:
                with _live_step(self._console, title) as step:
                    yield step
            else:
                self._console.print(f"… {title}", highlight=False, soft_wrap=True)
                yield _PlainStep(self._console, title)
        except BaseException:
            self._print_result(f"[red]✗[/] {title}", started)
            raise
        self._print_result(f"[green]✓[/] {title}", started)

    def _print_result(self, result: str, started: float) -> None:
        seconds = time.monotonic() - started
        self._console.print(f"{result} [dim]{seconds:.1f} s[/]", highlight=False, soft_wrap=True)


@contextlib.contextmanager
def _live_step(console: Console, title: str) -> Iterator["_LiveStep"]:
    with LiveProgress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(bar_width=30),
        TimeElapsedColumn(),
        TextColumn("[dim]{task.fields[progress]}"),
        console=console,
        transient=True,
    ) as display:
        yield _LiveStep(display, title)


class _LiveStep:
    def __init__(self, display: LiveProgress, title: str) -> None:
        self._display = display
        self._task = display.add_task(title, total=None, progress="")

    def report(self, done: int, total: int, part: str) -> None:
        progress = f"{done}/{total} {part}"
        self._display.update(self._task, completed=done, total=total, progress=progress)


class _PlainStep:
    def __init__(self, console: Console, title: str) -> None:
        self._console = console
        self._title = title
        self._reported = time.monotonic()

    def report(self, done: int, total: int, part: str) -> None:
        if time.monotonic() - self._reported >= _LINE_SECONDS:
            self._reported = time.monotonic()
            self._console.print(f"  {self._title}: {done}/{total} {part}", soft_wrap=True)
