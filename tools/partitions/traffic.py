"""The units that a random load takes from the partitions of the table and its indexes.

The kinds of request and their units are those of :mod:`tools.cost`, their shares those of
:class:`tools.quotas.Load`, and the keys those of the layer. Items have random ids.
"""

import random
import uuid
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np
from numpy.typing import NDArray

from common.crud.examples import examples_of
from common.crud.keys import (
    BY_CREATION,
    BY_STATUS,
    by_filter,
    shard_names,
    shard_of,
    status_shard,
)
from tools.cost import CREATE, DELETE, ENTITY, RequestKind
from tools.partitions.throttling import Demand, Numbers
from tools.quotas import PARTITION_READS, PARTITION_WRITES, Load

SEED = 19

TABLE_PARTITIONS = 64
"""The partitions of the table itself. DynamoDB splits them when they are busy, since the ids are
random and no id takes many requests."""

_ITEMS = 131_072
"""The items that the requests are about, chosen at random."""


@dataclass(frozen=True)
class Workload:
    """The requests of one workload through the service."""

    name: str
    """The name in the tables."""

    load: Load
    """The shares of the kinds; its rate does not matter."""

    by_status: bool = False
    """True if the lists ask for the status of new items."""

    by_value: bool = False
    """True if the lists ask for a value of the entity's first filter."""

    starts_only: bool = False
    """True if each change of a status is the first one of its item."""


@dataclass(frozen=True)
class Bucket:
    """The read or the write capacity of a partition."""

    index: str | None
    """The name of the index; None for the table."""

    key: str
    """The partition key."""

    reads: bool

    @property
    def name(self) -> str:
        """The kind of partition, and what it is short of."""
        return f"{self.index or 'table'}, {'reads' if self.reads else 'writes'}"


class Schema:
    """The partitions of the table and its indexes.

    Each partition key of an index has a partition to itself. This is the most that splitting can
    reach: DynamoDB does not split the entries of a key that are sorted by time.

    Args:
        shards: The number of shards.
        values: The number of values of each filter.
    """

    def __init__(self, shards: int, values: int) -> None:
        self.shards = shard_names(shards)
        self.values = [str(number) for number in range(values)]
        self.table = [str(number) for number in range(TABLE_PARTITIONS)]
        keys: Mapping[str | None, list[str]] = {
            None: self.table,
            BY_CREATION: self.shards,
            BY_STATUS: [key for status in ENTITY.statuses for key in self.status_shards(status)],
            **{by_filter(field): self.values for field in ENTITY.filters},
        }
        self.buckets = [
            Bucket(index, key, reads)
            for index, its_keys in keys.items()
            for key in its_keys
            for reads in (False, True)
        ]
        self._numbers = {bucket: number for number, bucket in enumerate(self.buckets)}

    @property
    def capacity(self) -> Numbers:
        """The units per second of each bucket."""
        return np.array(
            [PARTITION_READS if bucket.reads else PARTITION_WRITES for bucket in self.buckets]
        )

    def status_shards(self, status: str) -> list[str]:
        """Return the keys of the items of a status."""
        return [status_shard(status, name) for name in self.shards]

    def reads(self, index: str | None, keys: Iterable[str]) -> Numbers:
        """Return the numbers of the buckets for reads of some keys."""
        return np.array([self._numbers[Bucket(index, key, reads=True)] for key in keys])

    def writes(self, index: str | None, keys: Iterable[str]) -> Numbers:
        """Return the numbers of the buckets for writes of some keys."""
        return np.array([self._numbers[Bucket(index, key, reads=False)] for key in keys])


@cache
def _shards_of_items(shards: int) -> Numbers:
    """Return the position of each item's shard among the names of all shards."""
    dice = random.Random(SEED)  # noqa: S311 - the same items in each run
    ids = (str(uuid.UUID(int=dice.getrandbits(128), version=4)) for _ in range(_ITEMS))
    position = {name: number for number, name in enumerate(shard_names(shards))}
    return np.array([position[shard_of(item_id, shards)] for item_id in ids])


class Traffic:
    """Random requests of a workload.

    Args:
        workload: The workload.
        shards: The number of shards.
        shares: The share of each value of a filter in the requests.
        rate: Requests per second on average.
        seconds: The number of seconds.
        seed: The same for the same requests.
    """

    def __init__(
        self,
        workload: Workload,
        *,
        shards: int,
        shares: NDArray[np.float64],
        rate: float,
        seconds: int,
        seed: int = SEED,
    ) -> None:
        dice = np.random.default_rng(seed)
        self.rate, self.seconds = rate, seconds
        self.schema = Schema(shards, len(shares))
        self._workload = workload
        self._shards = _shards_of_items(shards)
        self._count = int(dice.poisson(rate * seconds))
        kinds = workload.load.shares
        self._kinds = list(kinds)
        self._kind = dice.choice(len(kinds), self._count, p=np.array([*kinds.values()]))
        self._item = dice.integers(_ITEMS, size=self._count)
        self._value = {
            field: dice.choice(len(shares), self._count, p=shares) for field in ENTITY.filters
        }
        self._move = dice.random(self._count)
        self._second = dice.integers(seconds, size=self._count)

    @cached_property
    def demand(self) -> Demand:
        """The units that the requests take."""
        uses = [use for number, kind in enumerate(self._kinds) for use in self._uses(number, kind)]
        request, bucket, units = (
            np.concatenate([np.zeros(0, np.int64), *arrays])
            for arrays in (zip(*uses, strict=True) if uses else ([], [], []))
        )
        order = np.argsort(request, kind="stable")
        atomic = np.array([kind.write > 0 for kind in self._kinds])[self._kind]
        return Demand(
            request[order],
            bucket[order],
            units[order],
            self._second,
            atomic,
            self.schema.capacity,
        )

    def demand_at(self, rate: float) -> Demand:
        """Return the demand at a lower rate: that of a part of the requests, which are random."""
        return self.demand.first(round(self._count * rate / self.rate))

    def _uses(self, number: int, kind: RequestKind) -> Iterator[tuple[Numbers, Numbers, Numbers]]:
        """Yield the uses of buckets by all requests of a kind: requests, buckets and units."""
        requests = np.flatnonzero(self._kind == number)

        def use(units: int, buckets: Numbers) -> tuple[Numbers, Numbers, Numbers]:
            return requests, buckets, np.full(len(requests), units)

        schema, item = self.schema, self._item[requests]
        shard = self._shards[item]
        if kind.write:
            yield use(kind.write, schema.writes(None, schema.table)[item % TABLE_PARTITIONS])
            yield use(kind.write, schema.writes(BY_CREATION, schema.shards)[shard])
            before, after = self._statuses(kind, requests)
            yield use(kind.write, self._status_writes[after, shard])
            if kind.moved:
                moved = np.where(before != after, kind.moved, 0)
                yield requests, self._status_writes[before, shard], moved
            for field, value in self._value.items():
                buckets = schema.writes(by_filter(field), schema.values)
                yield use(kind.write, buckets[value[requests]])
        if kind.get:
            yield use(kind.get, schema.reads(None, schema.table)[item % TABLE_PARTITIONS])
        if kind.query and self._workload.by_value:
            field, value = next(iter(self._value.items()))
            buckets = schema.reads(by_filter(field), schema.values)
            # The function reads as many times more entries as there are statuses.
            times = len(ENTITY.statuses) if self._workload.by_status else 1
            yield use(kind.query * times, buckets[value[requests]])
        elif kind.query:
            for bucket in self._list_buckets():
                yield use(kind.query, np.full(len(requests), bucket))

    def _list_buckets(self) -> Numbers:
        if not self._workload.by_status:
            return self.schema.reads(BY_CREATION, self.schema.shards)
        return self.schema.reads(BY_STATUS, self.schema.status_shards(ENTITY.statuses[0]))

    @cached_property
    def _status_writes(self) -> Numbers:
        """The bucket of each shard of each status."""
        return np.array(
            [
                self.schema.writes(BY_STATUS, self.schema.status_shards(status))
                for status in ENTITY.statuses
            ]
        )

    def _statuses(self, kind: RequestKind, requests: Numbers) -> tuple[Numbers, Numbers]:
        """Return the status of each item before and after a write, as numbers."""
        moves, stays = _life()
        if kind is CREATE:
            choices = [(0, 0)]
        elif kind is DELETE:
            choices = [(moves[-1][1], moves[-1][1])]
        elif kind.moved:
            choices = moves[:1] if self._workload.starts_only else moves
        else:
            choices = [(status, status) for status in stays]
        chosen = np.array(choices)[(self._move[requests] * len(choices)).astype(int)]
        return chosen[:, 0], chosen[:, 1]


@cache
def _life() -> tuple[list[tuple[int, int]], list[int]]:
    """Return the moves in the life of an item, and the statuses that edits keep, as numbers."""
    number = {status: index for index, status in enumerate(ENTITY.statuses)}
    life = examples_of(ENTITY).life(ENTITY.ended)
    moves = [(number[c.source], number[c.target]) for c in life if not c.keeps_status]
    stays = [number[c.source] for c in life if c.keeps_status]
    return moves or [(0, 0)], stays or [0]
