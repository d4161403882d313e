"""What a load costs, and which quota of AWS binds first: ``ops capacity``.

``python -m tools.capacity`` writes the tables of docs/capacity.md.
"""

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from infra.spec.paths import DOCS
from infra.spec.stages import STAGES, Stage
from ops.options import FAILED, one_of
from tools import cost
from tools.cost import CHANGE, CREATE, DELETE, HOURS, LIST, PROGRESS, READ, Cost, Kind
from tools.quotas import QUOTAS, Load, Quota, Raised

PAGE = DOCS / "capacity.md"

KINDS: Mapping[str, Kind] = {
    "create": CREATE,
    "change": CHANGE,
    "progress": PROGRESS,
    "read": READ,
    "list": LIST,
    "delete": DELETE,
}

LIFE = "create=1,change=2,progress=4,read=8,list=1"
"""What happens to a job: it starts, reports progress, ends, and is looked at now and then."""

PEAK = 2
"""Times the average, unless somebody knows better."""

CACHED = 0.5

SCALES = (1, 100, 10_000, 100_000, 1_000_000)
"""Requests a second, up to those of the largest services there are."""


@dataclass(frozen=True)
class Use:
    """How much of a quota a load needs.

    Attributes:
        quota: The quota.
        needs: What the load needs of it.
        has: What there is of it.
        binds_at: The average rate at which it would bind; infinite for never.
    """

    quota: Quota
    needs: float
    has: float
    binds_at: float

    @property
    def exceeded(self) -> bool:
        return self.needs > self.has


def uses(load: Load, stage: Stage) -> list[Use]:
    """How much a load needs of every quota, the one that binds first at the front."""
    found = []
    for quota in QUOTAS:
        needs, has = quota.needs(load, stage), quota.has(stage)
        found.append(Use(quota, needs, has, load.rate * has / needs if needs else math.inf))
    return sorted(found, key=lambda use: use.binds_at)


def monthly(load: Load, priced: Cost) -> Mapping[str, float]:
    """Dollars a month, by what they are paid for."""
    millions = load.rate * HOURS * 3600 / 1e6
    found = {"without a request": sum(priced.monthly.values())}
    for kind, share in load.shares.items():
        for heading, dollars in priced.million(kind).items():
            found[heading] = found.get(heading, 0.0) + dollars * share * millions
    return found


def cells(found: list[Use]) -> int:
    """How many copies of the stack, each in an account of its own, some load takes.

    As many as the quotas that nobody raises ask for, when all others have been raised.
    """
    return max(
        math.ceil(use.needs / use.has)
        for use in found
        if use.quota.divides and use.quota.raised is Raised.NOBODY
    )


def mix(text: str) -> Mapping[Kind, float]:
    """The mix that an option says, such as ``create=1,read=3``.

    Raises:
        typer.BadParameter: It says none.
    """
    try:
        pairs = [part.split("=") for part in text.split(",")]
        parts = {KINDS[name.strip()]: float(number) for name, number in pairs}
    except (ValueError, KeyError) as error:
        raise typer.BadParameter(f"{text} is not like {LIFE}, of {', '.join(KINDS)}.") from error
    if not all(0 <= number < math.inf for number in parts.values()) or not any(parts.values()):
        raise typer.BadParameter("The parts must not be negative, and not all be 0.")
    return parts


def capacity(
    *,
    rate: Annotated[float, typer.Argument(min=0.001, help="Requests a second, on average.")],
    stage: Annotated[
        str,
        typer.Option(
            parser=one_of(STAGES),
            metavar="|".join(STAGES),
            autocompletion=lambda: list(STAGES),
            help="The stage whose settings count; it need not be deployed.",
        ),
    ] = "prod",
    peak: Annotated[
        float | None, typer.Option(help=f"Requests a second at the peak; else {PEAK} times RATE.")
    ] = None,
    mixed: Annotated[
        Any, typer.Option("--mix", parser=mix, metavar="MIX", help="Parts of each request.")
    ] = LIFE,
    cached: Annotated[
        float,
        typer.Option(min=0, max=1, help="Part of the reads and lists that the cache answers."),
    ] = CACHED,
    keys: Annotated[int, typer.Option(min=1, help="API keys that share the requests.")] = 1,
    pipelines: Annotated[
        int, typer.Option(min=1, help="Pipelines that share the writes.")
    ] = Load.pipelines,
    raw: Annotated[bool, typer.Option("--json", help="The same for machines.")] = False,
) -> None:
    """What a load costs a month, and which quota of AWS binds first. 1 if one is exceeded."""
    if peak is not None and peak < rate:
        raise typer.BadParameter("The peak must not be below the average.", param_hint="--peak")
    load = Load(rate, peak or PEAK * rate, mixed, cached, keys, pipelines)
    with Console(stderr=True).status("The CDK makes the template, to price it …"):
        priced = Cost(cost.template_of(STAGES[stage]))
    found, dollars = uses(load, STAGES[stage]), monthly(load, priced)
    if raw:
        typer.echo(json.dumps(_for_machines(load, found, dollars), indent=2))
    else:
        _show(Console(highlight=False), stage, load, found, dollars)
    if any(use.exceeded for use in found):
        raise typer.Exit(FAILED)


def _for_machines(load: Load, found: list[Use], dollars: Mapping[str, float]) -> dict[str, Any]:
    return {
        "rate": load.rate,
        "peak": load.peak,
        "dollars_a_month": {name: round(paid, 2) for name, paid in dollars.items()},
        "binds_first": found[0].quota.name,
        "cells": cells(found),
        "quotas": [
            {
                "name": use.quota.name,
                "counts": use.quota.counts,
                "needs": use.needs,
                "has": use.has,
                "exceeded": use.exceeded,
                "binds_at": use.binds_at if use.needs else None,
                "raised_by": use.quota.raised,
                "then": use.quota.then,
                "source": use.quota.source,
            }
            for use in found
        ],
    }


def _show(
    out: Console, stage: str, load: Load, found: list[Use], dollars: Mapping[str, float]
) -> None:
    out.print(
        f"[bold]{stage}[/], {_number(load.rate)} requests/s, {_number(load.peak)} at the peak"
    )
    parts = ", ".join(f"{name} ${paid:,.2f}" for name, paid in dollars.items())
    out.print(f"[bold]${sum(dollars.values()):,.2f} a month[/] [dim]{parts}[/]\n")
    table = Table(box=None, header_style="bold", pad_edge=False)
    table.add_column("quota")
    for title in ("needs", "has", "binds at/s"):
        table.add_column(title, justify="right", no_wrap=True)
    table.add_column("raised by")
    for use in found:
        table.add_row(
            use.quota.name,
            _number(use.needs),
            _number(use.has),
            _rate(use),
            use.quota.raised,
            style="red" if use.exceeded else "",
        )
    out.print(table)
    first = found[0]
    out.print(f"\n[bold]Binds first, at {_rate(first)} requests/s:[/] {first.quota.name}")
    for use in found:
        if use.exceeded or use is first:
            out.print(f"  • {use.quota.then}  [dim]{use.quota.source}[/]", soft_wrap=True)
    if cells(found) > 1:
        out.print(f"  • all of this in {cells(found)} cells: accounts with a stack each")


def _rate(use: Use) -> str:
    return _number(use.binds_at) if use.needs else "never"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 or value == 0 else f"{value:.2g}"


def tables(priced: Cost, stage: Stage) -> str:
    """The tables of docs/capacity.md, in Markdown."""
    return "\n".join([*_scales(priced, stage), "", *_quotas(stage)])


def _usual(rate: float) -> Load:
    return Load(rate, PEAK * rate, mix(LIFE), CACHED)


def _scales(priced: Cost, stage: Stage) -> Iterator[str]:
    yield "| requests/s | a month | quotas to raise first, in this order | cells |"
    yield "|---:|---:|---|---:|"
    for rate in SCALES:
        load = _usual(rate)
        found = uses(load, stage)
        exceeded = ", ".join(use.quota.name for use in found if use.exceeded) or "none"
        dollars = f"${sum(monthly(load, priced).values()):,.0f}"
        yield f"| {_number(rate)} | {dollars} | {exceeded} | {cells(found)} |"


def _quotas(stage: Stage) -> Iterator[str]:
    yield "| quota | what counts | has | binds at | raised by | what then | source |"
    yield "|---|---|---:|---:|---|---|---|"
    for use in uses(_usual(1), stage):
        quota = use.quota
        source = quota.source
        link = f"[AWS]({source})" if ":" in source else f"[{Path(source).name}](../{source})"
        numbers = f"{_number(use.has)} | {_rate(use)}"
        words = f"{quota.raised} | {quota.then} | {link}"
        yield f"| {quota.name} | {quota.counts} | {numbers} | {words} |"


def main() -> None:
    stage = STAGES["prod"]
    cost.write(PAGE, tables(Cost(cost.template_of(stage)), stage))


if __name__ == "__main__":
    main()
