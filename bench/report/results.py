"""The results of a run as data: docs/benchmarks/figures.json."""

import json
import platform
import re
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from operator import attrgetter
from pathlib import Path
from typing import Any

import psutil

from bench.contenders import Contenders
from bench.decision.intervals import Interval, middle_half
from bench.decision.verdicts import Target, Verdict
from bench.figures import Figure
from bench.functions import Runs
from bench.turns import Turn
from infra.spec.paths import DOCS

FILE = DOCS / "benchmarks" / "figures.json"

_TIMES = ("start", "first", "start_and_first", "warm", "sampled")


@dataclass(frozen=True)
class Time:
    """The time that a contender takes for something, in milliseconds of CPU time."""

    median: float

    middle_half: Interval


@dataclass(frozen=True)
class Results:
    """The results of a run."""

    machine: str
    """The machine, in words."""

    python: str
    """The version of the interpreter that ran the contenders."""

    turns: int
    """The turns that count."""

    disturbed: int
    """The turns that do not count, because the machine was too busy."""

    figures: Sequence[Figure]

    times: Mapping[str, Mapping[str, Time]]
    """The times of each contender: its start, its first request, both, and its further requests,
    which are not measured for all."""


def times(turns: Sequence[Turn[Runs]], contenders: Contenders) -> Mapping[str, Mapping[str, Time]]:
    """Return the times of the contenders in the turns on a quiet machine."""
    quiet = [turn.result for turn in turns if turn.signs.quiet]
    measured = {
        contender.name: {
            name: [1e3 * attrgetter(name)(runs[contender.name]) for runs in quiet]
            for name in _TIMES
            if name not in {"warm", "sampled"} or name in contender.further
        }
        for contender in contenders.all
    }
    return {
        contender: {
            name: Time(round(statistics.median(values), 4), middle_half(values).rounded(4))
            for name, values in of_contender.items()
        }
        for contender, of_contender in measured.items()
    }


def worth_writing(figures: Iterable[Figure]) -> bool:
    """Return True if the machine was quiet enough for all figures."""
    return all(figure.verdict is not Verdict.TOO_BUSY for figure in figures)


def write(results: Results, file: Path = FILE) -> None:
    """Write the results."""
    file.parent.mkdir(exist_ok=True)
    file.write_text(json.dumps(asdict(results), indent=1, ensure_ascii=False) + "\n")


def read(file: Path = FILE) -> Results:
    """Read the results."""
    data = json.loads(file.read_text())
    return Results(
        **{
            **data,
            "figures": [_figure(**figure) for figure in data["figures"]],
            "times": {
                contender: {
                    name: Time(time["median"], Interval(*time["middle_half"]))
                    for name, time in of_contender.items()
                }
                for contender, of_contender in data["times"].items()
            },
        }
    )


def _figure(**data: Any) -> Figure:
    intervals = {name: data[name] and Interval(*data[name]) for name in ("middle_half", "interval")}
    target = data["target"] and Target(**data["target"])
    verdict = data["verdict"] and Verdict(data["verdict"])
    return Figure(**{**data, **intervals, "target": target, "verdict": verdict})


def describe_machine() -> str:
    """Return the machine in words."""
    cpus = psutil.cpu_count() or 1
    return f"{cpus} CPUs ({_processor()}), {platform.system()} {_short(platform.release())}"


def _processor() -> str:
    try:
        names = re.search(r"^model name\s*: (.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    except FileNotFoundError:
        names = None
    return names[1] if names else platform.processor() or platform.machine()


def _short(release: str) -> str:
    return ".".join(release.split(".")[:2])
