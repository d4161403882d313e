"""The generated part of docs/benchmarks.md: plots and table."""

from collections.abc import Iterator

from rich import box
from rich.table import Table

from bench.decision.intervals import CONFIDENCE, Interval
from bench.decision.verdicts import Verdict
from bench.figures import Figure
from bench.report import charts
from bench.report.results import Results
from infra.spec.paths import DOCS
from infra.spec.service import SERVICE_TITLE
from tools import cost

PAGE = DOCS / "benchmarks.md"

_HEADINGS = (
    *("figure", "ours", "peer", "ratio", "middle half", f"{CONFIDENCE:.0%} interval"),
    *("target", "result"),
)
_COLOURS = {Verdict.MET: "green", Verdict.MISSED: "red"}


def write(results: Results) -> None:
    """Write the plots, and the part of the page."""
    for plot in charts.plots(results):
        plot.write()
    cost.write_tables(PAGE, generated(results))


def generated(results: Results) -> str:
    """Return the generated part of the page in Markdown."""
    pictures = [plot.markdown(PAGE) for plot in charts.plots(results)]
    return "\n\n".join([_conditions(results), *pictures, "\n".join(_table(results))])


def terminal_table(figures: list[Figure]) -> Table:
    """Return the table for a terminal."""
    table = Table(title=f"{SERVICE_TITLE} against its peers", box=box.SIMPLE_HEAD)
    table.add_column(_HEADINGS[0])
    for heading in _HEADINGS[1:]:
        table.add_column(heading, justify="right", no_wrap=True)
    for figure in figures:
        *cells, verdict = _cells(figure)
        colour = _COLOURS.get(figure.verdict, "yellow") if figure.verdict else ""
        table.add_row(*cells, f"[{colour}]{verdict}[/]" if colour else verdict)
    return table


def _conditions(results: Results) -> str:
    disturbed = (
        f" {results.disturbed} more turns were left out, because other programs disturbed them."
        if results.disturbed
        else ""
    )
    return (
        f"Measured on {results.machine} and Python {results.python}, in {results.turns} turns."
        f"{disturbed}"
    )


def _table(results: Results) -> Iterator[str]:
    yield f"| {' | '.join(_HEADINGS)} |"
    yield f"|---|{'---:|' * (len(_HEADINGS) - 1)}"
    for figure in results.figures:
        yield f"| {' | '.join(_cells(figure))} |"


def _cells(figure: Figure) -> list[str]:
    return [
        figure.name,
        figure.ours,
        figure.peer,
        f"{figure.ratio:.2f}",
        _range(figure.middle_half),
        _range(figure.interval),
        str(figure.target or ""),
        str(figure.verdict or ""),
    ]


def _range(interval: Interval | None) -> str:
    return f"{interval.low:.2f}–{interval.high:.2f}" if interval else ""  # noqa: RUF001
