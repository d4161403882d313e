"""Compares starts, requests and packages of the functions with those of their peers."""

import io
import zipfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import attrgetter
from pathlib import Path

from rich.console import Console

from bench.aws_stub import serve_aws_stub
from bench.contenders import Contender, Contenders
from bench.decision.verdicts import Target, Verdict
from bench.environment import Measurement, measure_environment
from bench.figures import Figure, compare, count, megabytes, milliseconds
from bench.turns import Shuffle, Turn, take_turns

Runs = Mapping[str, Measurement]
"""The measurements of a turn, by the contenders' names."""


def measure(contenders: Contenders, wanted: int, console: Console) -> list[Turn[Runs]]:
    """Measure all contenders in turns.

    Args:
        contenders: The contenders.
        wanted: The number of turns on a quiet machine.
        console: The output for the progress.
    """
    shuffle = Shuffle()

    def decided(turns: Sequence[Turn[Runs]]) -> bool:
        figures = time_figures(turns, contenders, wanted)
        return all(figure.verdict is not Verdict.UNDECIDED for figure in figures)

    with serve_aws_stub(contenders.tls) as aws:

        def measure_turn() -> tuple[Runs, Iterable[float]]:
            runs = {
                contender.name: measure_environment(contender, contenders, aws)
                for contender in shuffle(contenders.all)
            }
            return runs, [run.waiting for run in runs.values()]

        return take_turns(measure_turn, decided, wanted, "starts and requests", console)


def time_figures(turns: Sequence[Turn[Runs]], contenders: Contenders, wanted: int) -> list[Figure]:
    """Return the figures of starts and requests, in CPU time.

    Args:
        turns: The turns.
        contenders: The contenders.
        wanted: The number of quiet turns that a verdict takes.
    """
    floor, bare, blueprint = contenders.floor, contenders.bare, contenders.blueprint
    create = contenders.ours["create"]

    def figure(
        name: str,
        read: Callable[[Measurement], float],
        peer: Contender,
        at_most: float | None = None,
        *,
        ours: Contender = create,
    ) -> Figure:
        return compare(
            name,
            turns,
            lambda runs: read(runs[ours.name]),
            lambda runs: read(runs[peer.name]),
            milliseconds,
            wanted,
            None if at_most is None else Target(at_most),
        )

    start, first, both = map(attrgetter, ("start", "first", "start_and_first"))
    warm, sampled, offline = map(attrgetter, ("warm", "sampled", "offline"))
    return [
        *(
            figure(f"cold start of {name}, to {title}", start, peer, at_most, ours=ours)
            for title, peer, at_most in (
                ("bare boto3", bare, 0.68),
                ("the blueprint", blueprint, 0.31),
            )
            for name, ours in contenders.ours.items()
        ),
        figure("cold start of create, to one function for all", start, contenders.monolith),
        figure("cold start of create, to the floor", start, floor),
        figure("start and first request of create, to bare boto3", both, bare, 0.62),
        figure("start and first request of create, to the blueprint", both, blueprint, 0.4),
        figure("start and first request of create, to the floor", both, floor),
        figure("first request of create, with TLS, to bare boto3", first, bare),
        figure("first request of create, with TLS, to the blueprint", first, blueprint),
        figure("first request of create, with TLS, to the floor", first, floor),
        figure("warm create, to a bare put", warm, bare, 1.28),
        figure("warm create, to the blueprint", warm, blueprint),
        figure("warm create, to the floor", warm, floor),
        figure("warm create without connection, to a bare put", offline, bare),
        figure("warm create, sampled by X-Ray, to a bare put", sampled, bare, 1.38),
        figure("warm create, sampled by X-Ray, to the blueprint", sampled, blueprint),
        figure("warm create, sampled by X-Ray, to the floor", sampled, floor),
    ]


def count_figures(turns: Sequence[Turn[Runs]], contenders: Contenders) -> list[Figure]:
    """Return the figures of memory, calls and packages, which a busy machine does not change."""
    bare, blueprint, create = contenders.bare, contenders.blueprint, contenders.ours["create"]
    runs = turns[0].result

    def calls(contender: Contender) -> int:
        counted = runs[contender.name].calls.items()
        return sum(number for name, number in counted if name != "PutObject")

    ours = contenders.ours.values()
    compiled = max(turn.result[each.name].compiled for turn in turns for each in ours)
    return [
        _memory_figure("bare boto3", turns, create, bare, Target(1.15)),
        _memory_figure("the blueprint", turns, create, blueprint),
        count(
            "DynamoDB calls of a create, to the blueprint",
            str(calls(create)),
            str(calls(blueprint)),
            calls(create) / calls(blueprint),
            at_most=0.34,
        ),
        count("modules compiled at a start", str(compiled), "-", compiled, at_most=0),
        *_size_figures(create, blueprint),
    ]


def _memory_figure(
    title: str,
    turns: Sequence[Turn[Runs]],
    ours: Contender,
    peer: Contender,
    target: Target | None = None,
) -> Figure:
    return compare(
        f"peak memory after the first request, to {title}",
        turns,
        lambda runs: runs[ours.name].memory,
        lambda runs: runs[peer.name].memory,
        lambda kilobytes: f"{kilobytes / 1024:.1f} MB",
        None,
        target,
    )


def _size_figures(create: Contender, blueprint: Contender) -> list[Figure]:
    assert create.packages
    assert blueprint.packages
    limit, zipped, unzipped = 6_000_000, _zipped(create.packages), _size(create.packages)
    rows = (
        ("layer zipped, to 6 MB", zipped, limit, 1),
        ("layer zipped, to the blueprint's packages", zipped, _zipped(blueprint.packages), None),
        ("layer unzipped, to the blueprint's packages", unzipped, _size(blueprint.packages), None),
    )
    return [
        count(name, megabytes(ours), megabytes(peer), ours / peer, at_most=at_most)
        for name, ours, peer, at_most in rows
    ]


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _zipped(folder: Path) -> int:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.rglob("*")):
            archive.write(path, path.relative_to(folder))
    return file.tell()
