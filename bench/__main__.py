"""Run all benchmarks: ``make bench``. Each figure is a ratio to a peer in the same run.

The contenders take turns, so that other work on the machine affects all of them, and the median
counts. docs/benchmarks.md explains the figures.
"""

import argparse
import io
import platform
import statistics
import sys
import zipfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path

from rich.console import Console
from rich.progress import track
from rich.table import Table

from bench import page_cost, shipping, throughput
from bench.aws_stub import serve_aws_stub
from bench.contenders import Contender, Contenders, install_contenders
from bench.environment import Measurement, measure_environment
from bench.shipping import Shipping
from bench.subject import ENTITY
from infra.bundling.python_version import PYTHON_VERSION
from infra.spec.service import SERVICE_TITLE
from local.lambda_runtime import interpreter
from tools.cost import S3_PUTS

ROUNDS = 15


@dataclass(frozen=True)
class Figure:
    """A line of the report."""

    name: str
    ours: str
    """The service's value, with its unit."""
    peer: str
    """The peer's value, with its unit."""
    ratio: float
    """The service's value divided by the peer's."""
    at_most: float | None = None
    """The target for the ratio, if less is better."""
    at_least: float | None = None
    """The target for the ratio, if more is better."""

    @property
    def target(self) -> str:
        """The target as the report shows it; empty if there is none."""
        if self.at_most is not None:
            return f"≤ {self.at_most:.2f}"
        return "" if self.at_least is None else f"≥ {self.at_least:.2f}"

    @property
    def met(self) -> bool:
        """True if the ratio, rounded as in the report, meets the target."""
        ratio = round(self.ratio, 2)
        return (self.at_most is None or ratio <= self.at_most) and (
            self.at_least is None or ratio >= self.at_least
        )


def _cold_start_figures(contenders: Contenders, rounds: int, console: Console) -> list[Figure]:
    runs = _take_turns(contenders, contenders.all, rounds, console, "cold starts")
    bare, blueprint, monolith = (
        runs[each.name] for each in (contenders.bare, contenders.blueprint, contenders.monolith)
    )
    ours = {name: runs[each.name] for name, each in contenders.ours.items()}
    create = ours["create"]
    start, first, both = map(attrgetter, ("start", "first", "start_and_first"))
    figures = [
        *(
            _time_figure(f"cold start of {name}, CPU, to bare boto3", start, function, bare, 0.85)
            for name, function in ours.items()
        ),
        _time_figure("cold start of create, to the blueprint", start, create, blueprint, 0.4),
        _time_figure("first request of create, with TLS, to bare boto3", first, create, bare),
        _time_figure("first request of create, to the blueprint", first, create, blueprint),
        _time_figure("start and first request of create, to bare boto3", both, create, bare),
        _time_figure("start and first request, to the blueprint", both, create, blueprint, 0.4),
        _time_figure("cold start of create, to one function for all", start, create, monolith),
    ]
    for name, peer, at_most in (("bare boto3", bare, 1.15), ("the blueprint", blueprint, None)):
        our_memory, peer_memory = (
            statistics.median(run.memory for run in runs) for runs in (create, peer)
        )
        figures.append(
            Figure(
                f"peak memory after the first request, to {name}",
                f"{our_memory / 1024:.1f} MB",
                f"{peer_memory / 1024:.1f} MB",
                our_memory / peer_memory,
                at_most,
            )
        )
    our_calls, peer_calls = (
        sum(number for name, number in runs[0].calls.items() if name != "PutObject")
        for runs in (create, blueprint)
    )
    figures.append(
        Figure(
            "DynamoDB calls of a create",
            str(our_calls),
            str(peer_calls),
            our_calls / peer_calls,
            0.34,
        )
    )
    compiled = max(run.compiled for runs in ours.values() for run in runs)
    figures.append(Figure("modules compiled at a start", str(compiled), "-", compiled, 0))
    return figures


def _warm_request_figures(contenders: Contenders, rounds: int, console: Console) -> list[Figure]:
    create, bare, blueprint = contenders.ours["create"], contenders.bare, contenders.blueprint
    runs = {
        sampled: _take_turns(
            contenders,
            (create, bare, blueprint),
            rounds,
            console,
            "warm requests, sampled by X-Ray" if sampled else "warm requests",
            warm=True,
            sampled=sampled,
        )
        for sampled in (False, True)
    }
    figures: list[Figure] = []
    warm, offline = attrgetter("warm"), attrgetter("warm_offline")
    for sampled, at_most in ((False, 1.4), (True, 1.65)):
        title = f"warm create, {'sampled by X-Ray' if sampled else 'not sampled'}"
        ours, puts, peer = (runs[sampled][each.name] for each in (create, bare, blueprint))
        figures += [
            _time_figure(f"{title}, to a bare put", warm, ours, puts, at_most),
            _time_figure(f"{title}, to the blueprint", warm, ours, peer),
        ]
    ours, puts = (runs[False][each.name] for each in (create, bare))
    figures.append(_time_figure("the same without connection, to a bare put", offline, ours, puts))
    return figures


def _take_turns(
    contenders: Contenders,
    group: Sequence[Contender],
    rounds: int,
    console: Console,
    title: str,
    *,
    warm: bool = False,
    sampled: bool = False,
) -> dict[str, list[Measurement]]:
    """Measure a group of contenders in turns; return the measurements by the contenders' names."""
    runs: dict[str, list[Measurement]] = {contender.name: [] for contender in group}
    with serve_aws_stub(contenders.tls) as aws:
        for turn in track(range(rounds + 1), title, console=console, transient=True):
            for contender in group:
                run = measure_environment(contender, contenders, aws, warm=warm, sampled=sampled)
                # The first turn only fills the machine's caches.
                if turn:
                    runs[contender.name].append(run)
    return runs


def _time_figure(
    name: str,
    read: Callable[[Measurement], float],
    ours: Iterable[Measurement],
    peer: Iterable[Measurement],
    at_most: float | None = None,
) -> Figure:
    """Compare the medians of a time, which ``read`` takes from a measurement."""
    our_time, peer_time = (statistics.median(map(read, runs)) for runs in (ours, peer))
    return Figure(
        name,
        f"{our_time * 1e3:.2f} ms",
        f"{peer_time * 1e3:.2f} ms",
        our_time / peer_time,
        at_most,
    )


def _size_figures(contenders: Contenders) -> list[Figure]:
    limit = 6_000_000
    layer, blueprint = contenders.ours["create"].packages, contenders.blueprint.packages
    assert layer
    assert blueprint
    zipped, unzipped = _zipped(layer), _size(layer)
    return [
        Figure("layer zipped, to 6 MB", _mb(zipped), _mb(limit), zipped / limit, 1),
        Figure(
            "the same to the blueprint's", _mb(zipped), *_compare_sizes(zipped, _zipped(blueprint))
        ),
        Figure(
            "layer unzipped, to the blueprint's",
            _mb(unzipped),
            *_compare_sizes(unzipped, _size(blueprint)),
        ),
    ]


def _compare_sizes(ours: int, peer: int) -> tuple[str, float]:
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


def _upload_figures(uploads: Shipping) -> list[Figure]:
    our_rate, peer_rate = (shipping.per_thousand(each) for each in (uploads.ours, uploads.peer))
    interval = f"{shipping.DEPLOYED_FLUSH_SECONDS} s"
    our_price, peer_price = (
        each * S3_PUTS for each in (uploads.deployed, uploads.peer / shipping.REQUESTS)
    )
    return [
        Figure(
            "uploads of log lines, to flush intervals",
            str(uploads.ours),
            str(uploads.intervals),
            uploads.ours / uploads.intervals,
            1,
        ),
        Figure(
            "uploads per 1,000 requests, to one after each",
            f"{our_rate:.1f}",
            f"{peer_rate:.1f}",
            our_rate / peer_rate,
        ),
        Figure(
            f"S3 for a million requests with uploads every {interval}, to one after each",
            f"${our_price:.3f}",
            f"${peer_price:.2f}",
            our_price / peer_price,
        ),
    ]


def _report(figures: list[Figure]) -> Table:
    report = Table(title=f"{SERVICE_TITLE} against its peers")
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
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="turns of each contender")
    parser.add_argument("--only", choices=["start", "local"], help="run a part of the benchmarks")
    arguments = parser.parse_args()
    console = Console()
    python = interpreter.find_runtime_python()
    if python is None:
        console.print(
            f"This machine has no Python {PYTHON_VERSION}, so the benchmarks use Python"
            f" {platform.python_version()} and bytecode of that version.",
            style="bold yellow",
        )
    figures: list[Figure] = []
    if arguments.only != "local":
        contenders = install_contenders(python or Path(sys.executable))
        figures += _cold_start_figures(contenders, arguments.rounds, console)
        figures += _warm_request_figures(contenders, arguments.rounds, console)
        figures += _size_figures(contenders)
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
                f"read units of a page of {name}, in 100,000 {ENTITY.plural} to 1,000",
                f"{large.units:.1f}",
                f"{small.units:.1f}",
                large.units / small.units,
                1,
            )
            for name, (small, large) in page_cost.measure(console).items()
        ]
        figures += _upload_figures(shipping.measure(console))
    console.print(_report(figures))
    sys.exit(not all(figure.met for figure in figures))


if __name__ == "__main__":
    main()
