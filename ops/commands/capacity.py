"""``ops capacity``: shows the price of a load and the quota that it reaches first."""

import json
from collections.abc import Mapping
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from infra.spec.stages import STAGES
from ops.options import FAILED, one_of
from ops.output import stdout_console
from tools import templates
from tools.capacity import (
    USUAL_CACHE_HITS,
    USUAL_MIX,
    USUAL_PEAK,
    Use,
    cells,
    dollars_per_month,
    format_number,
    format_rate,
    parse_mix,
    quota_uses,
)
from tools.cost import CostModel, RequestKind
from tools.quotas import Load


def _parse_mix_option(text: str) -> Mapping[RequestKind, float]:
    try:
        return parse_mix(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error


def command(
    *,
    rate: Annotated[float, typer.Argument(min=0.001, help="Average requests per second.")],
    stage: Annotated[
        str,
        typer.Option(
            parser=one_of(STAGES),
            metavar="|".join(STAGES),
            autocompletion=lambda: list(STAGES),
            help="Stage whose settings apply; it need not be deployed.",
        ),
    ] = "prod",
    peak: Annotated[
        float | None,
        typer.Option(help=f"Peak requests per second. Default: {USUAL_PEAK} times RATE."),
    ] = None,
    mix: Annotated[
        Any,
        typer.Option(
            parser=_parse_mix_option, metavar="MIX", help="Relative numbers of each request."
        ),
    ] = USUAL_MIX,
    cached: Annotated[
        float, typer.Option(min=0, max=1, help="Share of reads and lists that the cache answers.")
    ] = USUAL_CACHE_HITS,
    keys: Annotated[int, typer.Option(min=1, help="API keys that share the requests.")] = 1,
    values: Annotated[
        int, typer.Option(min=1, help="Values of each filter that share the writes.")
    ] = Load.filter_values,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Show what a load costs per month and which quota it reaches first.

    The exit status is 1 if the load exceeds a quota.
    """
    if peak is not None and peak < rate:
        raise typer.BadParameter("The peak must not be below the average.", param_hint="--peak")
    load = Load(rate, peak or USUAL_PEAK * rate, mix, cached, keys, values)
    with Console(stderr=True).status("Synthesizing the template, to price it …"):
        model = CostModel(templates.template_of(STAGES[stage]))
    uses, dollars = quota_uses(load, STAGES[stage]), dollars_per_month(load, model)
    if as_json:
        typer.echo(json.dumps(_as_dict(load, uses, dollars), indent=2))
    else:
        _print_report(stdout_console(soft_wrap=False, highlight=False), stage, load, uses, dollars)
    if any(use.exceeded for use in uses):
        raise typer.Exit(FAILED)


def _as_dict(load: Load, uses: list[Use], dollars: Mapping[str, float]) -> dict[str, Any]:
    return {
        "rate": load.rate,
        "peak": load.peak,
        "dollars_a_month": {name: round(amount, 2) for name, amount in dollars.items()},
        "binds_first": uses[0].quota.name,
        "cells": cells(uses),
        "quotas": [
            {
                "name": use.quota.name,
                "counts": use.quota.counts,
                "needs": use.demand,
                "has": use.limit,
                "exceeded": use.exceeded,
                "binds_at": use.binds_at if use.demand else None,
                "raised_by": use.quota.raised_by,
                "then": use.quota.remedy,
                "source": use.quota.source,
            }
            for use in uses
        ],
    }


def _print_report(
    console: Console, stage: str, load: Load, uses: list[Use], dollars: Mapping[str, float]
) -> None:
    console.print(
        f"[bold]{stage}[/], {format_number(load.rate)} requests/s,"
        f" {format_number(load.peak)} at the peak"
    )
    parts = ", ".join(f"{name} ${amount:,.2f}" for name, amount in dollars.items())
    console.print(f"[bold]${sum(dollars.values()):,.2f} per month[/] [dim]{parts}[/]\n")
    table = Table(box=None, header_style="bold", pad_edge=False)
    table.add_column("quota")
    for title in ("demand", "limit", "binds at/s"):
        table.add_column(title, justify="right", no_wrap=True)
    table.add_column("raised by")
    for use in uses:
        table.add_row(
            use.quota.name,
            format_number(use.demand),
            format_number(use.limit),
            format_rate(use),
            use.quota.raised_by,
            style="red" if use.exceeded else "",
        )
    console.print(table)
    first = uses[0]
    console.print(f"\n[bold]Binds first, at {format_rate(first)} requests/s:[/] {first.quota.name}")
    for use in uses:
        if use.exceeded or use is first:
            console.print(f"  • {use.quota.remedy}  [dim]{use.quota.source}[/]", soft_wrap=True)
    if cells(uses) > 1:
        console.print(f"  • in addition, {cells(uses)} cells: stacks in separate accounts")
