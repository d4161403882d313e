"""The simulation of throttled partitions, and its tables in docs/capacity.md."""

from dataclasses import replace

import numpy as np
import pytest

from common.aws.timeouts import MAX_CONNECTIONS
from common.crud.keys import BY_CREATION, by_filter
from infra.spec.stages import STAGES
from tools import capacity
from tools.cost import EDIT, ENTITY, LIST
from tools.partitions import closed_form, page, simulation
from tools.partitions.simulation import LISTS, USUAL, WRITES, even, first_throttling, hot, zipf
from tools.partitions.throttling import Demand, refused_units, throttled
from tools.partitions.traffic import Traffic, Workload
from tools.quotas import PARTITION_READS, PARTITION_WRITES, Load

PROD = STAGES["prod"]
TEXT = capacity.PAGE.read_text()


def throttled_part(rate: float, capacity: int, *, seconds: int) -> float:
    """Simulate the requests to one partition, of one unit each."""
    dice = np.random.default_rng(7)
    second = np.repeat(np.arange(seconds), dice.poisson(rate, seconds))
    request = np.arange(len(second))
    one_bucket, one_unit = np.zeros_like(request), np.ones_like(request)
    atomic = np.ones(len(request), bool)
    demand = Demand(request, one_bucket, one_unit, second, atomic, np.array([capacity]))
    part = float(throttled(demand).mean())
    assert refused_units(demand)[0] == pytest.approx(part)
    return part


@pytest.mark.parametrize("capacity", [PARTITION_WRITES, PARTITION_READS])
@pytest.mark.parametrize("load", [0.5, 0.9, 0.97, 1, 1.03, 1.1, 1.5, 3])
def test_one_partition_serves_what_the_closed_form_says(capacity: int, load: float) -> None:
    rate = load * capacity
    part = throttled_part(rate, capacity, seconds=100)
    random = closed_form.refused_of_random_arrivals(rate, capacity)
    assert 1 - part == pytest.approx(1 - random, rel=0.02)
    if load >= 1.5:
        assert part == pytest.approx(random, rel=0.02)
    # Random arrivals exceed the limit in some seconds even if their average does not.
    assert part == pytest.approx(closed_form.refused_of_even_arrivals(rate, capacity), abs=0.02)


@pytest.mark.parametrize("load", [0.8, 0.9, 1, 1.1, 1.5, 3])
def test_one_partition_throttles_what_the_closed_form_says(load: float) -> None:
    # A small partition throttles many requests, so that their share is exact, too.
    part = throttled_part(load * 50, 50, seconds=40_000 if load <= 1 else 10_000)
    assert part == pytest.approx(closed_form.refused_of_random_arrivals(load * 50, 50), rel=0.02)


@pytest.mark.parametrize("load", [0.9, 1, 1.2, 2])
def test_a_single_key_throttles_what_the_closed_form_says(load: float) -> None:
    edits = Workload("edits of one value", Load(1, 1, {EDIT: 1}, cached=0))
    lists = Workload("lists of all", Load(1, 1, {LIST: 1}, cached=0))
    for workload, limit in ((edits, PARTITION_WRITES), (lists, PARTITION_READS)):
        rate = load * limit
        traffic = Traffic(workload, shards=1, shares=hot(1), rate=rate, seconds=50)
        served = 1 - throttled(traffic.demand).mean()
        expected = 1 - closed_form.refused_of_random_arrivals(rate, limit)
        assert served == pytest.approx(expected, rel=0.02)


def quota_binds_at(name: str, workload: Workload, *, shards: int = 4, values: int = 100) -> float:
    load = replace(workload.load, filter_values=values)
    uses = capacity.quota_uses(load, replace(PROD, shards=shards))
    (rate,) = (use.binds_at for use in uses if use.quota.name == f"DynamoDB: {name}")
    return rate


@pytest.mark.parametrize("workload", [USUAL, WRITES])
@pytest.mark.parametrize("shards", simulation.SHARDS)
def test_the_shards_throttle_at_their_quota(workload: Workload, shards: int) -> None:
    first = first_throttling(workload, shards, even())
    assert first is not None
    names = {"writes/s in all shards", f"writes/s in {shards} shards"}
    for name in names if shards == MAX_CONNECTIONS else {"writes/s in all shards"}:
        expected = quota_binds_at(name, workload, shards=shards)
        assert first.rate == pytest.approx(expected, rel=0.05), name
    assert first.bucket.name == f"{BY_CREATION}, writes"


@pytest.mark.parametrize("shards", simulation.SHARDS)
def test_lists_throttle_at_the_quota_of_one_shard(shards: int) -> None:
    first = first_throttling(LISTS, shards, even())
    assert first is not None
    expected = quota_binds_at("reads/s in one shard", LISTS, shards=shards)
    assert first.rate == pytest.approx(expected, rel=0.05)


@pytest.mark.skipif(not ENTITY.filters, reason="the entity has no filter")
@pytest.mark.parametrize(("share", "values"), [(1, 1), (0.5, 2), (0.2, 5)])
def test_a_busy_value_throttles_at_the_quota_of_one_value(share: float, values: int) -> None:
    first = first_throttling(USUAL, 16, hot(share))
    assert first is not None
    field = ENTITY.filters[0]
    name = f"writes/s in one {field.replace('_', ' ')}"
    expected = quota_binds_at(name, USUAL, values=values)
    assert first.rate == pytest.approx(expected, rel=0.05)
    assert first.bucket.name == f"{by_filter(field)}, writes"


def demand(
    uses: list[tuple[int, int, int]], atomic: list[bool], capacity: tuple[int, ...]
) -> Demand:
    """Return the demand of requests in one second, as triples of request, bucket and units."""
    request, bucket, units = np.array(uses).T
    second = np.zeros(len(atomic), int)
    return Demand(request, bucket, units, second, np.array(atomic), np.array(capacity))


def test_an_index_that_is_short_refuses_the_write_and_spares_the_table() -> None:
    table, index = 0, 1
    writes = [(request, bucket, 1) for request in (0, 1) for bucket in (table, index)]
    other = (2, table, 1)
    result = throttled(demand([*writes, other], [True] * 3, capacity=(2, 1)))
    assert result.tolist() == [False, True, False]


def test_a_list_that_one_shard_refuses_has_read_the_others() -> None:
    lists = [(request, shard, 1) for request in (0, 1) for shard in (0, 1)]
    other = (2, 0, 1)
    result = throttled(demand([*lists, other], [False] * 3, capacity=(2, 1)))
    assert result.tolist() == [False, True, True]


def test_a_partition_has_its_units_again_in_the_next_second() -> None:
    one_second = demand([(number, 0, 1) for number in range(4)], [True] * 4, capacity=(1,))
    two_seconds = replace(one_second, second=np.array([0, 0, 1, 1]))
    assert throttled(two_seconds).tolist() == [False, True, False, True]


def test_no_requests_are_throttled_if_there_are_none() -> None:
    assert throttled(Traffic(USUAL, shards=1, shares=even(), rate=0, seconds=1).demand).size == 0


def test_fewer_partitions_throttle_earlier() -> None:
    few, many = (
        simulation.first_throttling_of_placements(USUAL, 4, even(), partitions)
        for partitions in (4, 40)
    )
    alone = first_throttling(USUAL, 4, even())
    assert alone is not None
    assert np.median(few) < np.median(many)
    assert max(few[-1], many[-1]) <= alone.rate * 1.05


@pytest.mark.parametrize("takers", [1, 5, 20, 100])
def test_late_takes_are_as_many_as_the_closed_form_says(takers: int) -> None:
    simulated = simulation.late_takes(takers, 20)
    assert simulated == pytest.approx(closed_form.late_takes(takers, 20), abs=0.005)


def test_the_spreads_are_shares() -> None:
    for shares in (even(), zipf(1), hot(0.5), hot(1)):
        assert shares.sum() == pytest.approx(1)
        assert shares[0] == shares.max()


def test_some_rows_of_the_page_are_up_to_date() -> None:
    rows = [
        page.first_throttling_row(*page.CASES[0]),
        page.throttled_row(10_000),
        page.placements_row(page.PARTITIONS[0]),
        f"| workers within {simulation.LIST_TTL} s |",
        page.takes_row(100),
    ]
    for row in rows:
        assert row in TEXT, "out of date: .venv/bin/python -m tools.partitions"


@pytest.mark.nightly
def test_all_tables_of_the_page_are_up_to_date() -> None:
    for table in page.tables().values():
        assert table in TEXT, "out of date: .venv/bin/python -m tools.partitions"


def test_the_plot_shows_the_table() -> None:
    begin, end = (f"<!-- {word} {page.PLOTTED} -->" for word in ("generated", "end of generated"))
    part = TEXT.split(begin)[1].split(end)[0].strip()
    plot = page.plot(part[part.index("| requests/s") :])
    assert plot.is_current(), "out of date: .venv/bin/python -m tools.partitions"
    assert part.startswith(plot.markdown(capacity.PAGE))
