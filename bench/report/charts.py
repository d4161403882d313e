"""The plots of docs/benchmarks.md."""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas

from bench.decision.intervals import CONFIDENCE
from bench.figures import Figure
from bench.report.results import FILE, Results, Time
from tools.plots import HATCHES, Plot, Theme

_FOLDER = FILE.parent


def plots(results: Results) -> list[Plot]:
    """Return the plots of the page, in order."""
    return [_cold_starts(results), _warm_requests(results), _targets(results)]


def _cold_starts(results: Results) -> Plot:
    names = list(results.times)
    starts, both = (
        [results.times[name][time] for name in names] for time in ("start", "start_and_first")
    )

    def draw(canvas: Canvas, theme: Theme) -> None:
        axes = canvas.add_subplot()
        left = [start.median for start in starts]
        # The bars of both together end where the median of their sum is.
        rest = [total.median - start.median for total, start in zip(both, starts, strict=True)]
        axes.barh(names, left, hatch=HATCHES[0], label="start")
        axes.barh(
            names,
            rest,
            left=left,
            hatch=HATCHES[1],
            label="first request, with TLS",
            xerr=_spread(both),
            error_kw={"ecolor": theme.text, "capsize": 3},
        )
        _label_bars(axes, both, theme)
        axes.set_xlabel("CPU time in ms; the whisker spans the middle half of the turns")
        axes.invert_yaxis()
        axes.grid(visible=False, axis="y")
        axes.margins(x=0.1)
        axes.legend(loc="upper right")

    texts = [f"{name} {time.median:.0f} ms" for name, time in zip(names, both, strict=True)]
    return Plot(
        _FOLDER / "cold-starts",
        "Start and first request of each contender",
        f"CPU time of start and first request together: {', '.join(texts)}.",
        draw,
        (8, 4.4),
    )


def _warm_requests(results: Results) -> Plot:
    names = [name for name, times in results.times.items() if "warm" in times]
    series = {"not sampled": "warm", "sampled by X-Ray": "sampled"}
    height = 0.38

    def draw(canvas: Canvas, theme: Theme) -> None:
        axes = canvas.add_subplot()
        for number, (label, time) in enumerate(series.items()):
            measured = [results.times[name][time] for name in names]
            places = [place + (number - 0.5) * height for place in range(len(names))]
            axes.barh(
                places,
                [each.median for each in measured],
                height,
                hatch=HATCHES[number],
                label=label,
                xerr=_spread(measured),
                error_kw={"ecolor": theme.text, "capsize": 3},
            )
            _label_bars(axes, measured, theme, places, "{:.2f}")
        axes.set_yticks(range(len(names)), names)
        axes.set_xlabel("CPU time in ms; the whisker spans the middle half of the turns")
        axes.invert_yaxis()
        axes.grid(visible=False, axis="y")
        axes.margins(x=0.1)
        axes.legend(loc="upper right")

    texts = [f"{name} {results.times[name]['warm'].median:.2f} ms" for name in names]
    return Plot(
        _FOLDER / "warm-requests",
        "A create over an open connection",
        f"CPU time of a create that is not sampled: {', '.join(texts)}.",
        draw,
        (8, 3.4),
    )


def _targets(results: Results) -> Plot:
    figures = [figure for figure in results.figures if figure.interval and _limit(figure)]
    names = [figure.name for figure in figures]

    def draw(canvas: Canvas, theme: Theme) -> None:
        axes = canvas.add_subplot()
        axes.axvline(1, color=theme.text, linewidth=1.5, linestyle="-", marker="")
        axes.annotate(
            "target",
            (1, 1),
            xytext=(0, 4),
            textcoords=("offset points"),
            ha="center",
            xycoords=("data", "axes fraction"),
            color=theme.text,
        )
        for place, figure in enumerate(figures):
            assert figure.interval
            limit = _limit(figure)
            low, high, ratio = (
                value / limit for value in (figure.interval.low, figure.interval.high, figure.ratio)
            )
            axes.errorbar(
                [ratio],
                [place],
                xerr=[[ratio - low], [high - ratio]],
                color=theme.series[0],
                ecolor=theme.text,
                marker="o",
                linestyle="",
                capsize=3,
            )
        axes.set_yticks(range(len(names)), names)
        axes.set_xlabel(
            f"ratio, divided by its target; the whisker is the {CONFIDENCE:.0%} interval"
        )
        axes.invert_yaxis()

    return Plot(
        _FOLDER / "targets",
        "Distance of each ratio from its target",
        "A ratio of 1 or less meets its target: "
        + ", ".join(f"{each.name} {each.ratio / _limit(each):.2f}" for each in figures)
        + ".",
        draw,
        (8, 0.9 + 0.3 * len(figures)),
    )


def _limit(figure: Figure) -> float:
    return (figure.target and figure.target.at_most) or 0.0


def _spread(times: Sequence[Time]) -> list[list[float]]:
    """Return the lengths of the whiskers to the left and to the right."""
    return [
        [time.median - time.middle_half.low for time in times],
        [time.middle_half.high - time.median for time in times],
    ]


def _label_bars(
    axes: Axes,
    times: Sequence[Time],
    theme: Theme,
    places: Sequence[float] | None = None,
    text: str = "{:.0f}",
) -> None:
    """Write the median behind each bar."""
    for place, time in enumerate(times):
        axes.annotate(
            text.format(time.median),
            (time.middle_half.high, places[place] if places else place),
            xytext=(6, 0),
            textcoords="offset points",
            va="center",
            color=theme.text,
        )
