"""The simulated workloads, shares of the values of a filter, and loads."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from infra.spec.routes import ROUTES
from tools.capacity import USUAL_CACHE_HITS, USUAL_MIX, parse_mix
from tools.cost import CHANGE, ENTITY, LIST, RequestKind
from tools.partitions.throttling import refused_units, throttled
from tools.partitions.traffic import SEED, Bucket, Traffic, Workload
from tools.quotas import PARTITION_READS, PARTITION_WRITES, Load

RATES = (100, 1_000, 2_000, 3_000, 5_000, 7_000, 10_000, 15_000, 20_000, 30_000, 40_000, 50_000)
"""The simulated loads, in requests per second."""

SHARDS = (1, 4, 16)

NEW_PARTITIONS = 4
"""The partitions of a new on-demand table or index, which takes 4,000 write and 12,000 read units:
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/on-demand-capacity-mode.html"""

REFUSED = 0.01
"""The share of its units that a partition refuses when it counts as throttling."""

VALUES = 100
"""The number of values of a filter; the busiest one comes first."""

_SECONDS = 20
"""The duration of a simulation. Its error is about 1 %."""

_SHORT = 5
"""The seconds of a simulation of one load."""

_PLACEMENTS, _TURNS = 1_000, 2_000

Shares = NDArray[np.float64]


def _workload(
    name: str, mix: Mapping[RequestKind, float], cached: float = 0.0, **lists: bool
) -> Workload:
    return Workload(name, Load(1, 1, mix, cached), **lists)


_USUAL = parse_mix(USUAL_MIX)
_FILTERS = [name.replace("_", " ") for name in ENTITY.filters[:1]]

USUAL = _workload("usual mix", _USUAL, USUAL_CACHE_HITS)
WRITES = _workload("writes alone", {kind: parts for kind, parts in _USUAL.items() if kind.write})
LISTS = _workload("lists of all items", {LIST: 1})
LEASES = _workload(
    f"leases: list {ENTITY.statuses[0]}, change one",
    {LIST: 1, CHANGE: 1},
    by_status=True,
    starts_only=True,
)
LISTS_OF_VALUE = [_workload(f"lists of one {name}", {LIST: 1}, by_value=True) for name in _FILTERS]
LEASES_OF_VALUE = [
    _workload(
        f"leases from one {name}: list its {ENTITY.statuses[0]}, change one",
        {LIST: 1, CHANGE: 1},
        by_status=True,
        by_value=True,
        starts_only=True,
    )
    for name in _FILTERS
]


def even() -> Shares:
    """Return equal shares."""
    return np.full(VALUES, 1 / VALUES)


def zipf(exponent: float) -> Shares:
    """Return shares that fall with a power of the rank.

    Args:
        exponent: The power; 0 for equal shares.
    """
    weights = np.arange(1.0, VALUES + 1) ** -exponent
    shares: Shares = weights / weights.sum()
    return shares


def hot(share: float) -> Shares:
    """Return the shares of one value and, equal, of all others.

    Args:
        share: The share of the busiest value.
    """
    return np.array([share] + [(1 - share) / (VALUES - 1)] * (VALUES - 1))


@dataclass(frozen=True)
class Throttling:
    """The lowest load at which a partition throttles."""

    rate: float
    """Requests per second."""

    bucket: Bucket
    """The partition, and the units that it is short of."""


def first_throttling(workload: Workload, shards: int, shares: Shares) -> Throttling | None:
    """Find the lowest load at which a partition refuses more than :data:`REFUSED` of its units.

    Returns:
        The load and the partition; None if none does at the highest of :data:`RATES`.
    """
    top = float(RATES[-1])
    short = Traffic(workload, shards=shards, shares=shares, rate=top, seconds=_SHORT)
    units = np.bincount(short.demand.bucket, short.demand.units, len(short.schema.buckets))
    estimate = top / (units / _SHORT / short.schema.capacity).max()
    # A fourth more, since the estimate is that of a short simulation.
    top = min(top, 1.25 * estimate)
    traffic = Traffic(workload, shards=shards, shares=shares, rate=top, seconds=_SECONDS)
    refused = refused_units(traffic.demand)
    if refused.max() <= REFUSED:
        return None
    low, high, busiest = 0.0, top, int(refused.argmax())
    while high - low > top / 1_000:
        middle = (low + high) / 2
        refused = refused_units(traffic.demand_at(middle))
        if refused.max() > REFUSED:
            high, busiest = middle, int(refused.argmax())
        else:
            low = middle
    return Throttling(high, traffic.schema.buckets[busiest])


def throttled_share(workload: Workload, shards: int, shares: Shares, rate: float) -> float:
    """Return the share of throttled requests at a load."""
    traffic = Traffic(workload, shards=shards, shares=shares, rate=rate, seconds=_SHORT)
    return float(throttled(traffic.demand).mean())


def first_throttling_of_placements(
    workload: Workload, shards: int, shares: Shares, partitions: int
) -> Shares:
    """Return the load at which a partition throttles, for many random placements of the keys.

    Several keys of an index may lie in one partition, as in a new table. DynamoDB places a key by a
    hash that it does not publish.

    Args:
        workload: The workload.
        shards: The number of shards.
        shares: The share of each value of a filter.
        partitions: The partitions of the table and of each index.

    Returns:
        Requests per second for each placement, in ascending order.
    """
    traffic = Traffic(workload, shards=shards, shares=shares, rate=RATES[-1], seconds=_SHORT)
    demand, buckets = traffic.demand, traffic.schema.buckets
    units = np.bincount(demand.bucket, demand.units, len(buckets)) / _SHORT / traffic.rate
    dice = np.random.default_rng(SEED)
    rates = np.full(_PLACEMENTS, np.inf)
    for index in {bucket.index: None for bucket in buckets}:
        writes = np.array([b.index == index and not b.reads for b in buckets])
        reads = np.array([b.index == index and b.reads for b in buckets])
        if index is None:
            # The table has many keys, so each partition has an equal part of them.
            places = np.zeros((_PLACEMENTS, writes.sum()), int)
            parts = partitions
        else:
            places, parts = dice.integers(partitions, size=(_PLACEMENTS, writes.sum())), 1
        for rows, capacity in ((writes, PARTITION_WRITES), (reads, PARTITION_READS)):
            sums = np.zeros((_PLACEMENTS, partitions))
            np.add.at(sums, (np.arange(_PLACEMENTS)[:, None], places), units[rows] / parts)
            with np.errstate(divide="ignore"):
                rates = np.minimum(rates, capacity / sums.max(axis=1))
    return np.sort(rates)


LIST_TTL = next(route.cache_ttl for route in ROUTES if route.operation == LIST.operation)
"""The seconds for which the API's cache answers a list."""


def late_takes(takers: int, page: int) -> float:
    """Return the share of takers that come too late, if all choose from one cached page at random.

    Args:
        takers: The number of takers within :data:`LIST_TTL`.
        page: The items on the page.
    """
    dice = np.random.default_rng(SEED)
    taken = [len(np.unique(dice.integers(page, size=takers))) for _ in range(_TURNS)]
    return 1 - float(np.mean(taken)) / takers
