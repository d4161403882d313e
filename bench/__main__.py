"""Run all benchmarks: ``make bench``. Each figure is a ratio to a peer in the same run.

Exit codes: 0 if all targets are met, 1 if one is missed, 3 if the machine is too busy to decide, 4
if a ratio is too close to its target to decide. docs/benchmarks.md explains the figures; a whole
run on a quiet machine writes them there.
"""

import argparse
import platform
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from bench import functions
from bench.contenders import install_contenders
from bench.decision.machine import advice
from bench.decision.verdicts import Verdict, exit_code
from bench.figures import Figure
from bench.load import page_cost, shipping, throughput
from bench.report import page, results
from bench.turns import Turn
from infra.bundling.python_version import PYTHON_VERSION
from local.lambda_runtime import interpreter

TURNS = 15
_PIPE_WIDTH = 160


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument(
        "--turns", type=int, default=TURNS, help=f"turns on a quiet machine ({TURNS})"
    )
    parser.add_argument("--only", choices=["start", "local"], help="run a part of the benchmarks")
    parser.add_argument(
        "--python", type=Path, help="another interpreter for the functions, of any version"
    )
    arguments = parser.parse_args()
    console = Console()
    if not console.is_terminal:
        # The width of a pipe is unknown; this one fits the table.
        console.width = _PIPE_WIDTH
    python = arguments.python or interpreter.find_runtime_python()
    if python is None:
        console.print(
            f"This machine has no Python {PYTHON_VERSION}, so the benchmarks use Python"
            f" {platform.python_version()} and bytecode of that version.",
            style="bold yellow",
        )
    figures: list[Figure] = []
    turns: list[Turn[Any]] = []
    if arguments.only != "local":
        contenders = install_contenders(python or Path(sys.executable))
        turns += (runs := functions.measure(contenders, arguments.turns, console))
        figures += functions.time_figures(runs, contenders, arguments.turns)
        figures += functions.count_figures(runs, contenders)
    if arguments.only != "start":
        turns += (speeds := throughput.measure(arguments.turns, console))
        figures.append(throughput.figure(speeds, arguments.turns))
        figures += page_cost.figures(page_cost.measure(console))
        figures += shipping.figures(shipping.measure(console))
    console.print(page.terminal_table(figures))
    _explain(figures, turns, console)
    whole = not arguments.only and not arguments.python and arguments.turns >= TURNS
    if whole and python and results.worth_writing(figures):
        data = results.Results(
            machine=results.describe_machine(),
            python=_version(python),
            turns=sum(turn.signs.quiet for turn in runs),
            disturbed=sum(not turn.signs.quiet for turn in runs),
            figures=figures,
            times=results.times(runs, contenders),
        )
        results.write(data)
        page.write(results.read())
        console.print(f"docs/benchmarks.md and {results.FILE.parent.name}/ show these figures.")
    sys.exit(exit_code(figure.verdict for figure in figures))


def _explain(figures: Sequence[Figure], turns: Sequence[Turn[Any]], console: Console) -> None:
    verdicts = {figure.verdict for figure in figures}
    if Verdict.TOO_BUSY in verdicts:
        console.print(advice(turn.signs for turn in turns), style="bold yellow")
    if Verdict.UNDECIDED in verdicts:
        console.print(
            "Where the result is undecided, the ratio is too close to its target: the interval"
            f" contains it. More turns narrow the interval: --turns {4 * TURNS}.",
            style="bold yellow",
        )


def _version(python: Path) -> str:
    command = (python, "-c", "import platform; print(platform.python_version())")
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()  # noqa: S603


if __name__ == "__main__":
    main()
