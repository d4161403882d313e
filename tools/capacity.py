"""Calculates the price of a load and the quota that it reaches first.

``ops capacity`` answers for any load; ``python -m tools.capacity`` writes the tables of
docs/capacity.md.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from infra.spec.paths import DOCS
from infra.spec.stages import STAGES, Stage
from tools import cost
from tools.cost import (
    CHANGE,
    CREATE,
    DELETE,
    EDIT,
    HOURS_PER_MONTH,
    LIST,
    READ,
    CostModel,
    RequestKind,
)
from tools.quotas import QUOTAS, Load, Quota, Raiser
from tools.templates import given_template

PAGE = DOCS / "capacity.md"

KINDS: Mapping[str, RequestKind] = {
    "create": CREATE,
    "change": CHANGE,
    "edit": EDIT,
    "read": READ,
    "list": LIST,
    "delete": DELETE,
}
"""The kinds of request in a mix, by name."""

USUAL_MIX = "create=1,change=2,edit=4,read=8,list=1"
"""The requests in the life of an item: it is created, edited, gets other statuses, and is read."""

USUAL_PEAK = 2
"""The usual peak, as a multiple of the average."""

USUAL_CACHE_HITS = 0.5
"""The usual share of reads and lists that the cache answers."""

RATES = (1, 100, 10_000, 100_000, 1_000_000)
"""The loads in docs/capacity.md, in requests per second."""


@dataclass(frozen=True)
class Use:
    """The use that a load makes of a quota."""

    quota: Quota

    demand: float
    """The amount that the load takes."""

    limit: float
    """The amount that the quota allows."""

    binds_at: float
    """The average rate, in requests per second, that reaches the limit; infinity for never."""

    @property
    def exceeded(self) -> bool:
        return self.demand > self.limit


def quota_uses(load: Load, stage: Stage) -> list[Use]:
    """Return the use that a load makes of each quota; the quota that binds first comes first."""
    uses = []
    for quota in QUOTAS:
        demand, limit = quota.demand(load, stage), quota.limit(stage)
        binds_at = load.rate * limit / demand if demand else math.inf
        uses.append(Use(quota, demand, limit, binds_at))
    return sorted(uses, key=lambda use: use.binds_at)


def dollars_per_month(load: Load, model: CostModel) -> Mapping[str, float]:
    """Return the monthly price of a load in dollars, by heading."""
    millions = load.rate * HOURS_PER_MONTH * 3600 / 1e6
    dollars = {"without requests": sum(model.dollars_per_month.values())}
    for kind, share in load.shares.items():
        for heading, price in model.dollars_per_million(kind).items():
            dollars[heading] = dollars.get(heading, 0.0) + price * share * millions
    return dollars


def cells(uses: list[Use]) -> int:
    """Return the number of copies of the stack, each in its own account, that a load needs.

    The quotas that cannot be raised determine it; all others are assumed to be raised.
    """
    return max(
        math.ceil(use.demand / use.limit)
        for use in uses
        if use.quota.per_cell and use.quota.raised_by is Raiser.NOBODY
    )


def parse_mix(text: str) -> Mapping[RequestKind, float]:
    """Parse a mix of requests, such as ``create=1,read=3``.

    Raises:
        ValueError: The text is not a mix; the message says why.
    """
    try:
        pairs = [part.split("=") for part in text.split(",")]
        parts = {KINDS[name.strip()]: float(number) for name, number in pairs}
    except (ValueError, KeyError) as error:
        raise ValueError(
            f"{text} is not a mix such as {USUAL_MIX}. The kinds are {', '.join(KINDS)}."
        ) from error
    if not all(0 <= number < math.inf for number in parts.values()) or not any(parts.values()):
        raise ValueError("The parts of a mix must not be negative, and not all 0.")
    return parts


def format_number(value: float) -> str:
    """Format a number for a table: no decimals from 10 on, two significant digits below."""
    return f"{value:,.0f}" if value >= 10 or value == 0 else f"{value:.2g}"


def format_rate(use: Use) -> str:
    """Format the rate at which a quota binds."""
    return format_number(use.binds_at) if use.demand else "never"


def tables(model: CostModel, stage: Stage) -> str:
    """Return the tables of docs/capacity.md in Markdown."""
    return "\n".join([*_load_table(model, stage), "", *_quota_table(stage)])


def _usual_load(rate: float) -> Load:
    return Load(rate, USUAL_PEAK * rate, parse_mix(USUAL_MIX), USUAL_CACHE_HITS)


def _load_table(model: CostModel, stage: Stage) -> Iterator[str]:
    yield "| requests/s | per month | quotas to raise, in this order | cells |"
    yield "|---:|---:|---|---:|"
    for rate in RATES:
        load = _usual_load(rate)
        uses = quota_uses(load, stage)
        exceeded = ", ".join(use.quota.name for use in uses if use.exceeded) or "none"
        dollars = f"${sum(dollars_per_month(load, model).values()):,.0f}"
        yield f"| {format_number(rate)} | {dollars} | {exceeded} | {cells(uses)} |"


def _quota_table(stage: Stage) -> Iterator[str]:
    yield "| quota | what counts | limit | binds at | raised by | remedy | source |"
    yield "|---|---|---:|---:|---|---|---|"
    for use in quota_uses(_usual_load(1), stage):
        quota = use.quota
        source = quota.source
        link = f"[AWS]({source})" if ":" in source else f"[{Path(source).name}](../{source})"
        numbers = f"{format_number(use.limit)} | {format_rate(use)}"
        words = f"{quota.raised_by} | {quota.remedy} | {link}"
        yield f"| {quota.name} | {quota.counts} | {numbers} | {words} |"


def main() -> None:
    """Write the tables of docs/capacity.md."""
    stage = STAGES["prod"]
    cost.write_tables(PAGE, tables(CostModel(given_template(stage)), stage))


if __name__ == "__main__":
    main()
