"""All benchmarks in one run: ``make bench``. Each figure is a ratio to a peer in the same run.

What is compared takes turns, so that a busy machine is as hard on one as on the other, and the
median counts. docs/benchmarks.md says what the figures mean.
"""

import argparse
import io
import platform
import statistics
import sys
import zipfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import track
from rich.table import Table

from bench import aws_stub, environment, page_cost, shipping, throughput
from bench.contenders import Contender, Contenders, prepare
from bench.environment import Run
from bench.shipping import Shipping
from infra.bundling.runtime import PYTHON_VERSION
from local.lambda_runtime import interpreter
from tools.cost import S3_PUTS

ROUNDS = 15


@dataclass(frozen=True)
class Figure:
    """A line of the report.

    Args:
        name: What was measured.
        ours: How we do, for people.
        peer: How the peer does.
        ratio: Ours to the peer's.
        at_most: The target for the ratio; None where there is none.
        at_least: The same, where more is better.
    """

    name: str
    ours: str
    peer: str
    ratio: float
    at_most: float | None = None
    at_least: float | None = None

    @property
    def target(self) -> str:
        if self.at_most is not None:
            return f"≤ {self.at_most:.2f}"
        return "" if self.at_least is None else f"≥ {self.at_least:.2f}"

    @property
    def met(self) -> bool:
        # As it is printed.
        ratio = round(self.ratio, 2)
        return (self.at_most is None or ratio <= self.at_most) and (
            self.at_least is None or ratio >= self.at_least
        )


def _cold(contenders: Contenders, rounds: int, console: Console) -> list[Figure]:
    runs = _take_turns(
        contenders, {each.name: each for each in contenders.all}, rounds, console, "cold starts"
    )
    bare, blueprint, monolith = (
        runs[each.name] for each in (contenders.bare, contenders.blueprint, contenders.monolith)
    )
    ours = {name: runs[each.name] for name, each in contenders.ours.items()}
    create = ours["create"]
    start: Callable[[Run], float] = lambda run: run.start  # noqa: E731
    first: Callable[[Run], float] = lambda run: run.first  # noqa: E731
    both: Callable[[Run], float] = lambda run: run.start + run.first  # noqa: E731
    figures = [
        *(
            _time(f"cold start of {name}, CPU, to bare boto3", start, own, bare, 0.85)
            for name, own in ours.items()
        ),
        _time("cold start of create, to the blueprint", start, create, blueprint, 0.4),
        _time("first request of create, with TLS, to bare boto3", first, create, bare),
        _time("first request of create, to the blueprint", first, create, blueprint),
        _time("start and first request of create, to bare boto3", both, create, bare),
        _time("start and first request, to the blueprint", both, create, blueprint, 0.4),
        _time("cold start of create, to one function for all", start, create, monolith),
    ]
    for name, peer, at_most in (("bare boto3", bare, 1.15), ("the blueprint", blueprint, None)):
        mine, others = (statistics.median(run.memory for run in each) for each in (create, peer))
        figures.append(
            Figure(
                f"peak memory after the first request, to {name}",
                f"{mine / 1024:.1f} MB",
                f"{others / 1024:.1f} MB",
                mine / others,
                at_most,
            )
        )
    mine, others = (
        sum(number for name, number in each[0].calls.items() if name != "PutObject")
        for each in (create, blueprint)
    )
    figures.append(
        Figure("DynamoDB calls of a create", str(mine), str(others), mine / others, 0.34)
    )
    compiled = max(run.compiled for own in ours.values() for run in own)
    figures.append(Figure("modules compiled at a start", str(compiled), "-", compiled, 0))
    return figures


def _warm(contenders: Contenders, rounds: int, console: Console) -> list[Figure]:
    create, bare, blueprint = contenders.ours["create"], contenders.bare, contenders.blueprint
    runs = {
        sampled: _take_turns(
            contenders,
            {each.name: each for each in (create, bare, blueprint)},
            rounds,
            console,
            "warm requests, sampled by X-Ray" if sampled else "warm requests",
            warm=True,
            sampled=sampled,
        )
        for sampled in (False, True)
    }
    figures: list[Figure] = []
    for sampled, at_most in ((False, 1.4), (True, 1.65)):
        how = "sampled by X-Ray" if sampled else "not sampled"
        mine, puts, theirs = (runs[sampled][who.name] for who in (create, bare, blueprint))
        figures += [
            _time(f"warm create, {how}, to a bare put", lambda r: r.warm, mine, puts, at_most),
            _time(f"warm create, {how}, to the blueprint", lambda r: r.warm, mine, theirs),
        ]
    mine, puts = (runs[False][who.name] for who in (create, bare))
    offline: Callable[[Run], float] = lambda run: run.warm_offline  # noqa: E731
    figures.append(_time("the same without connection, to a bare put", offline, mine, puts))
    return figures


def _take_turns(
    contenders: Contenders,
    who: dict[str, Contender],
    rounds: int,
    console: Console,
    title: str,
    *,
    warm: bool = False,
    sampled: bool = False,
) -> dict[str, list[Run]]:
    runs: dict[str, list[Run]] = {name: [] for name in who}
    with aws_stub.running(contenders.tls) as aws:
        for turn in track(range(rounds + 1), title, console=console, transient=True):
            for name, contender in who.items():
                run = environment.run(contender, contenders, aws, warm=warm, sampled=sampled)
                # The first turn is for the machine's own caches.
                if turn:
                    runs[name].append(run)
    return runs


def _time(
    name: str,
    of: Callable[[Run], float],
    ours: Iterable[Run],
    peer: Iterable[Run],
    at_most: float | None = None,
) -> Figure:
    mine, others = (statistics.median(map(of, runs)) for runs in (ours, peer))
    return Figure(name, f"{mine * 1e3:.2f} ms", f"{others * 1e3:.2f} ms", mine / others, at_most)


def _sizes(contenders: Contenders) -> list[Figure]:
    limit = 6_000_000
    layer, blueprint = contenders.ours["create"].packages, contenders.blueprint.packages
    assert layer
    assert blueprint
    zipped, unzipped = _zipped(layer), _size(layer)
    return [
        Figure("layer zipped, to 6 MB", _mb(zipped), _mb(limit), zipped / limit, 1),
        Figure("the same to the blueprint's", _mb(zipped), *_to(zipped, _zipped(blueprint))),
        Figure(
            "layer unzipped, to the blueprint's", _mb(unzipped), *_to(unzipped, _size(blueprint))
        ),
    ]


def _to(ours: int, peer: int) -> tuple[str, float]:
    return _mb(peer), ours / peer


def _mb(size: int) -> str:
    return f"{size / 1e6:.1f} MB"


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _zipped(folder: Path) -> int:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.rglob("*")):
            archive.write(path, path.relative_to(folder))
    return file.tell()


def _uploads(measured: Shipping) -> list[Figure]:
    mine, others = (shipping.per_thousand(each) for each in (measured.ours, measured.peer))
    every = f"{shipping.DEPLOYED_FLUSH_SECONDS} s"
    paid, others_paid = (
        each * S3_PUTS for each in (measured.deployed, measured.peer / shipping.REQUESTS)
    )
    return [
        Figure(
            "uploads of log lines, to flush intervals",
            str(measured.ours),
            str(measured.intervals),
            measured.ours / measured.intervals,
            1,
        ),
        Figure(
            "uploads per 1,000 requests, to one after each",
            f"{mine:.1f}",
            f"{others:.1f}",
            mine / others,
        ),
        Figure(
            f"S3 for a million requests with uploads every {every}, to one after each",
            f"${paid:.3f}",
            f"${others_paid:.2f}",
            paid / others_paid,
        ),
    ]


def _report(figures: list[Figure]) -> Table:
    report = Table(title="Job Ledger against its peers")
    report.add_column("figure")
    for column in ("ours", "peer", "ratio", "target", "met"):
        report.add_column(column, justify="right")
    for figure in figures:
        mark = "" if not figure.target else "[green]yes[/]" if figure.met else "[red]no[/]"
        report.add_row(
            figure.name, figure.ours, figure.peer, f"{figure.ratio:.2f}", figure.target, mark
        )
    return report


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="turns that each takes")
    parser.add_argument("--only", choices=["start", "local"], help="part of the benchmarks")
    arguments = parser.parse_args()
    console = Console()
    python = interpreter.find_runtime_python()
    if python is None:
        console.print(
            f"There is no Python {PYTHON_VERSION} on this machine, so Python"
            f" {platform.python_version()} stands in for it, with bytecode of its own.",
            style="bold yellow",
        )
    figures: list[Figure] = []
    if arguments.only != "local":
        contenders = prepare(python or Path(sys.executable))
        figures += _cold(contenders, arguments.rounds, console)
        figures += _warm(contenders, arguments.rounds, console)
        figures += _sizes(contenders)
    if arguments.only != "start":
        per_second = throughput.measure(arguments.rounds, console)
        figures.append(
            Figure(
                "creates per second of the local run, to the blueprint",
                f"{per_second.ours:.0f}",
                f"{per_second.blueprint:.0f}",
                per_second.ours / per_second.blueprint,
                at_least=1,
            )
        )
        figures += [
            Figure(
                f"read units of a page of {name}, in 100,000 jobs to 1,000",
                f"{large.units:.1f}",
                f"{small.units:.1f}",
                large.units / small.units,
                1,
            )
            for name, (small, large) in page_cost.measure(console).items()
        ]
        figures += _uploads(shipping.measure(console))
    console.print(_report(figures))
    sys.exit(not all(figure.met for figure in figures))


if __name__ == "__main__":
    main()
