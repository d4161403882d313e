"""The tables and the plot of hot partitions in docs/capacity.md."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, PercentFormatter

from common.contract import MAX_PAGE_SIZE, PAGE_SIZE
from tools.capacity import PAGE, format_number
from tools.cost import ENTITY
from tools.partitions import simulation
from tools.partitions.simulation import (
    LEASES,
    LEASES_OF_VALUE,
    LIST_TTL,
    LISTS,
    LISTS_OF_VALUE,
    NEW_PARTITIONS,
    RATES,
    SHARDS,
    USUAL,
    WRITES,
    Shares,
    even,
    hot,
    zipf,
)
from tools.partitions.traffic import Workload
from tools.plots import Plot, Theme

_VALUE = ENTITY.filters[0].replace("_", " ") if ENTITY.filters else "value"


class Spread(NamedTuple):
    """The spread of the requests over the values of a filter."""

    name: str
    shares: Shares


EVEN = Spread("even", even())
HALF = Spread(f"half in one {_VALUE}", hot(0.5))
_ZIPF = Spread("Zipf, exponent 1", zipf(1))
_ALL_SPREADS = (
    EVEN,
    Spread("Zipf, exponent 0.8", zipf(0.8)),
    _ZIPF,
    Spread("Zipf, exponent 1.2", zipf(1.2)),
    HALF,
    Spread(f"all in one {_VALUE}", hot(1)),
)
# An entity without filters has no values that could be busy.
_SPREADS = _ALL_SPREADS if ENTITY.filters else (EVEN,)
_SOME_SPREADS = (EVEN, _ZIPF, HALF) if ENTITY.filters else (EVEN,)

CASES: Sequence[tuple[Workload, Spread]] = [
    *((USUAL, spread) for spread in _SPREADS),
    *((WRITES, spread) for spread in _SOME_SPREADS),
    (LISTS, EVEN),
    *((workload, spread) for workload in LISTS_OF_VALUE for spread in _SOME_SPREADS),
    *((LEASES, spread) for spread in _SOME_SPREADS),
    *((workload, spread) for workload in LEASES_OF_VALUE for spread in _SOME_SPREADS),
]
"""The rows of the table of the loads that throttle first."""

PARTITIONS = (NEW_PARTITIONS, 16, 40)
"""The partitions of the table and of each index; 40 take the default quota of a table."""

TAKERS = (1, 5, 20, 100, 1_000)

_BUSY = {f"{shards} shards, {HALF.name}": (shards, HALF) for shards in SHARDS[1:]}
SERIES: Mapping[str, tuple[int, Spread]] = {
    "1 shard": (1, EVEN),
    **{f"{shards} shards": (shards, EVEN) for shards in SHARDS[1:]},
    **(_BUSY if ENTITY.filters else {}),
}
"""The lines of the plot: numbers of shards and spreads."""

PLOTTED = "throttled requests"
"""The name of the table that the plot shows."""


def first_throttling_row(workload: Workload, spread: Spread) -> str:
    """Simulate a row of the table of the loads that throttle first."""
    cells = []
    for shards in SHARDS:
        first = simulation.first_throttling(workload, shards, spread.shares)
        cells.append(
            f"{_rounded(first.rate)} ({first.bucket.name})" if first else f"> {RATES[-1]:,}"
        )
    share = f"{spread.shares.max():.0%}"
    return f"| {workload.name} | {spread.name} | {share} | {' | '.join(cells)} |"


def throttled_row(rate: float) -> str:
    """Simulate a row of the table of throttled requests."""
    cells = [
        f"{simulation.throttled_share(USUAL, shards, spread.shares, rate):.1%}"
        for shards, spread in SERIES.values()
    ]
    return f"| {format_number(rate)} | {' | '.join(cells)} |"


def placements_row(partitions: int) -> str:
    """Simulate a row of the table of placements."""
    cells = []
    for shards in SHARDS:
        rates = simulation.first_throttling_of_placements(USUAL, shards, EVEN.shares, partitions)
        cells.append(f"{_rounded(rates[len(rates) // 2])} ({_rounded(rates[len(rates) // 10])})")
    return f"| {partitions} | {' | '.join(cells)} |"


def takes_row(takers: int) -> str:
    """Simulate a row of the table of takes that come too late."""
    cells = [f"{simulation.late_takes(takers, page):.0%}" for page in (PAGE_SIZE, MAX_PAGE_SIZE)]
    return f"| {format_number(takers)} | {' | '.join(cells)} |"


def tables() -> dict[str, str]:
    """Simulate the tables, by the name of the generated part of the page."""
    numbers_of_shards = " | ".join(f"{shards} shard{'s'[: shards - 1]}" for shards in SHARDS)
    return {
        "loads that throttle": _table(
            f"requests | {_VALUE}s | busiest {_VALUE} | {numbers_of_shards}",
            (first_throttling_row(workload, spread) for workload, spread in CASES),
        ),
        PLOTTED: _table(
            f"requests/s | {' | '.join(SERIES)}", (throttled_row(rate) for rate in RATES)
        ),
        "placements": _table(
            f"partitions | {numbers_of_shards}",
            (placements_row(partitions) for partitions in PARTITIONS),
        ),
        "late takes": _table(
            f"workers within {LIST_TTL} s | page of {PAGE_SIZE} | page of {MAX_PAGE_SIZE}",
            (takes_row(takers) for takers in TAKERS),
        ),
    }


def plot(table: str) -> Plot:
    """Return the plot of the table of throttled requests."""
    rows = [[cell.strip() for cell in row.strip("|").split("|")] for row in table.splitlines()]
    rates, *shares = zip(*rows[2:], strict=True)

    def draw(figure: Figure, theme: Theme) -> None:  # noqa: ARG001 - the settings have the colours
        axes = figure.add_subplot()
        for name, cells in zip(rows[0][1:], shares, strict=True):
            axes.plot(
                [float(rate.replace(",", "")) for rate in rates],
                [float(cell.rstrip("%")) for cell in cells],
                label=name,
            )
        axes.set_xscale("log")
        axes.set_xlabel("requests per second")
        axes.set_ylabel("throttled requests")
        axes.xaxis.set_major_formatter(FuncFormatter(lambda rate, _: f"{rate:,.0f}"))
        axes.yaxis.set_major_formatter(PercentFormatter(decimals=0))
        axes.legend()

    return Plot(
        PAGE.parent / "plots" / "throttling",
        "Throttled requests of the usual mix",
        "More shards move the start of throttling to higher loads, unless half of the requests "
        f"are for one {_VALUE}.",
        draw,
    )


def _table(header: str, rows: Iterator[str]) -> str:
    columns = header.count("|") + 1
    return "\n".join([f"| {header} |", f"|{'---|' * columns}", *rows])


def _rounded(rate: float) -> str:
    """Format a rate with three significant digits, as exact as the simulation."""
    return f"{float(f'{rate:.3g}'):,.0f}"
