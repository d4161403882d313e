"""The report: docs/benchmarks.md shows the figures of the last run."""

from dataclasses import replace
from pathlib import Path

import pytest

from bench.decision.verdicts import Target, Verdict
from bench.figures import Figure, count
from bench.report import charts, page, results
from tools.plots import Plot

OUT_OF_DATE = "out of date: run `make bench` or .venv/bin/python -m bench.report"


def test_the_page_shows_the_figures() -> None:
    assert page.generated(results.read()) in page.PAGE.read_text(), OUT_OF_DATE


@pytest.mark.parametrize("plot", charts.plots(results.read()), ids=lambda plot: plot.path.name)
def test_the_plots_show_the_figures(plot: Plot) -> None:
    assert plot.is_current(), OUT_OF_DATE


def test_results_survive_the_file(tmp_path: Path) -> None:
    written = results.read()
    results.write(written, tmp_path / "figures.json")
    assert results.read(tmp_path / "figures.json") == written
    assert (tmp_path / "figures.json").read_bytes() == results.FILE.read_bytes()


def test_a_figure_that_changes_changes_the_page() -> None:
    old = results.read()
    first, *rest = old.figures
    new = replace(old, figures=[replace(first, ratio=first.ratio + 0.01), *rest])
    assert page.generated(new) not in page.PAGE.read_text()


def test_only_a_quiet_machine_writes() -> None:
    decided = [count("calls", "1", "3", 0.33, at_most=0.34), Figure("times", "1", "2", 0.5)]
    for verdict in (Verdict.MISSED, Verdict.UNDECIDED):
        assert results.worth_writing([*decided, replace(decided[1], verdict=verdict)])
    assert not results.worth_writing([*decided, replace(decided[1], verdict=Verdict.TOO_BUSY)])


def test_each_target_is_in_the_table() -> None:
    figure = Figure("a", "1 ms", "2 ms", 0.5, target=Target(at_least=1), verdict=Verdict.MISSED)
    table = page.generated(replace(results.read(), figures=[figure]))
    assert "| a | 1 ms | 2 ms | 0.50 |  |  | ≥ 1.00 | missed |" in table
