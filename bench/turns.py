"""Takes turns until the machine was quiet in enough of them."""

import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from bench.decision.machine import Observer, Signs, Watch

Result = TypeVar("Result")
Item = TypeVar("Item")


@dataclass(frozen=True)
class Turn(Generic[Result]):
    """One measurement of all contenders, right after one another."""

    result: Result

    signs: Signs


def take_turns(
    measure: Callable[[], tuple[Result, Iterable[float]]],
    decided: Callable[[Sequence[Turn[Result]]], bool],
    wanted: int,
    title: str,
    console: Console,
    watch: Callable[[], Observer] = Watch,
) -> list[Turn[Result]]:
    """Measure until enough turns were quiet, or until the machine proves too busy.

    Args:
        measure: Takes a turn; returns its result, and the seconds that each measured process waited
            for a CPU, per second in which it ran.
        decided: Returns False if more turns may decide a comparison that these turns leave open.
        wanted: The number of quiet turns. At most twice as many turns are taken.
        title: The title of the progress.
        console: The output.
        watch: Begins to observe the machine.
    """
    turns: list[Turn[Result]] = []
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task(f"{title}: fill the caches", total=wanted)
        # The first turn is not like the others: the machine reads files that it then keeps.
        measure()
        while not _enough(turns, decided, wanted):
            quiet = sum(turn.signs.quiet for turn in turns)
            text = f"{title}: {quiet} of {wanted} turns, {len(turns) - quiet} disturbed"
            progress.update(task, description=text, completed=quiet)
            observer = watch()
            result, waiting = measure()
            turns.append(Turn(result, observer.signs(waiting)))
    return turns


def _enough(
    turns: Sequence[Turn[Result]],
    decided: Callable[[Sequence[Turn[Result]]], bool],
    wanted: int,
) -> bool:
    quiet = sum(turn.signs.quiet for turn in turns)
    disturbed = len(turns) - quiet
    if len(turns) >= 2 * wanted or disturbed - quiet > wanted // 2:
        return True
    return quiet >= wanted and decided(turns)


class Shuffle:
    """Puts contenders in a different order in each turn, which is the same in each run.

    So no contender always runs after the same neighbour, whose caches it would inherit.
    """

    def __init__(self) -> None:
        self._dice = random.Random(19)  # noqa: S311 - the same orders in each run

    def __call__(self, items: Iterable[Item]) -> list[Item]:
        shuffled = list(items)
        self._dice.shuffle(shuffled)
        return shuffled
