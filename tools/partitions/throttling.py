"""The limit of a partition: a bucket of tokens that is full at the start of each second.

A partition of a table or of an index takes 1,000 write units and 3,000 read units a second. Each
index has partitions apart from the table's, and a write that an index cannot take is refused by the
table ("back-pressure"):
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/gsi-throttling.html

Burst capacity is left out: it holds at most the unused units of five minutes, and AWS neither
promises it nor lets it exceed the hardware. Adaptive capacity is left out, too:
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/burst-adaptive-capacity.html
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Demand:
    """The units that requests take from buckets.

    A bucket is the read or the write capacity of one partition. The first three arrays have one
    element for each use of a bucket by a request, in the order of the requests.
    """

    request: Numbers
    """The number of the request. In each second, a lower number arrives earlier."""

    bucket: Numbers
    """The number of the bucket."""

    units: Numbers
    """The units that the request takes from the bucket."""

    second: Numbers
    """The second in which each request arrives."""

    atomic: Flags
    """True for each request that takes all of its units or none: a write with its index entries.
    The Queries of a list each take their own."""

    capacity: Numbers
    """The units per second of each bucket."""

    def first(self, requests: int) -> "Demand":
        """Return the demand of the first requests.

        Args:
            requests: The number of requests.
        """
        uses = int(np.searchsorted(self.request, requests))
        return Demand(
            self.request[:uses],
            self.bucket[:uses],
            self.units[:uses],
            self.second[:requests],
            self.atomic[:requests],
            self.capacity,
        )

    @property
    def cells(self) -> Numbers:
        """The pair of second and bucket of each use, as one number."""
        cells: Numbers = self.second[self.request] * len(self.capacity) + self.bucket
        return cells


def refused_units(demand: Demand) -> NDArray[np.float64]:
    """Return the share of the units of each bucket that exceed its capacity.

    Each bucket is taken by itself: no refusal of one bucket spares another. This is exact until a
    second bucket refuses something.
    """
    buckets = len(demand.capacity)
    seconds = int(demand.second.max(initial=0)) + 1
    units = np.bincount(demand.cells, demand.units, seconds * buckets).reshape(seconds, buckets)
    over = np.maximum(units - demand.capacity, 0).sum(axis=0)
    total = units.sum(axis=0)
    share: NDArray[np.float64] = over / np.maximum(total, 1)
    return share


def throttled(demand: Demand) -> Flags:
    """Return whether each request is throttled.

    A request is throttled if a bucket has too few units left. From then on the bucket refuses all
    requests until the next second. A throttled write takes no units; a throttled Query spares the
    other Queries of its list nothing. Retries are left out.
    """
    cells = demand.cells
    order = np.argsort(cells, kind="stable")
    cell, request, units = cells[order], demand.request[order], demand.units[order]
    first = np.flatnonzero(np.r_[True, cell[1:] != cell[:-1]]) if len(cell) else np.array([], int)
    group = np.repeat(np.arange(len(first)), np.diff(np.r_[first, len(cell)]))
    limit = demand.capacity[cell % len(demand.capacity)]
    second = cell // len(demand.capacity)
    open_uses = np.ones(len(cell), bool)
    result = np.zeros(len(demand.second), bool)
    while True:
        # Within a second, the bucket that is exhausted first depends on no other.
        total = np.cumsum(np.where(open_uses, units, 0))
        start = np.r_[0, total[first[1:] - 1]] if len(first) else total
        over = np.flatnonzero(open_uses & (total - start[group] > limit))
        if not len(over):
            return result
        over = over[np.lexsort((request[over], second[over]))]
        over = over[np.r_[True, np.diff(second[over]) > 0]]
        closing = np.full(len(first), len(result))
        closing[group[over]] = request[over]
        refused = open_uses & (request >= closing[group])
        result[request[refused]] = True
        open_uses &= ~(refused | (result & demand.atomic)[request])
