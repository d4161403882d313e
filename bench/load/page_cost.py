"""Measure the read units of one page of a list, in a small and in a large table.

    python -m bench.load.page_cost

The layer's own code lists items from the embedded AWS. The figure adds up the entries that each
Query evaluated. An eventually consistent Query takes half a read unit for each started 4 KB:
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html
"""

import itertools
import json
import math
import os
import random
import sys
import tempfile
import uuid
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

from rich.console import Console
from rich.progress import track
from rich.table import Table

from bench.figures import Figure, count
from bench.subject import ENTITY, EXAMPLES, stored_values
from common.aws import timeouts
from common.crud.keys import SHARD, SORT_KEY, STATUS_SHARD
from common.dynamodb.attribute_values import marshal
from infra.spec.service import REGION
from infra.spec.stages import STAGES
from local import aws
from local.emulator import process
from local.lambda_runtime import tables
from local.run_folder import RunFolder
from tools.openapi.examples import example_item

TABLE = ENTITY.collection
SIZES = (1_000, 100_000)
SHARDS = STAGES["prod"].shards
LIMIT = 20
BATCH = 25
UNIT_BYTES = 4096
FILTER_VALUES = 5
_STATUS = ENTITY.statuses[-1]
_FILTERS = {
    name: "filter" if number == 0 else f"filter ({number + 1})"
    for number, name in enumerate(ENTITY.filters)
}
"""The fields to filter by. The report names none of them, so that it suits any entity."""
LISTS: dict[str, dict[str, str]] = {
    "all items": {},
    "one status": {"status": _STATUS},
    **{f"one {title}": {name: f"{name}-1"} for name, title in _FILTERS.items()},
    **{
        f"one status of one {title}": {"status": _STATUS, name: f"{name}-1"}
        for name, title in _FILTERS.items()
    },
}


class Cost(NamedTuple):
    """The cost of a page."""

    queries: int
    entries: int
    """The index entries that the Queries evaluated."""
    units: float
    """The read units."""


def _generate_items() -> Iterator[dict[str, Any]]:
    dice = random.Random(7)  # noqa: S311 - the same items in each run
    start = datetime(2026, 1, 1, tzinfo=UTC)
    examples = {status: _summary(status) for status in ENTITY.statuses}
    for number in itertools.count():
        item_id = str(uuid.UUID(int=dice.getrandbits(128), version=4))
        moment = start + timedelta(seconds=number)
        created_at = f"{moment:%Y-%m-%dT%H:%M:%S}.000Z"
        status = dice.choice(ENTITY.statuses)
        yield marshal(
            examples[status]
            | {name: f"{name}-{dice.randrange(FILTER_VALUES)}" for name in ENTITY.filters}
            | {
                ENTITY.id_field: item_id,
                "created_at": created_at,
                "updated_at": created_at,
                SORT_KEY: f"{created_at}#{item_id}",
                SHARD: str(number % SHARDS),
                STATUS_SHARD: f"{status}#{number % SHARDS}",
            }
        )


def _summary(status: str) -> dict[str, Any]:
    try:
        path = EXAMPLES.path(status)
    except LookupError:
        path = []
    values = stored_values(example_item(ENTITY, EXAMPLES.fullest, path))
    listed = {name: values[name] for name in ENTITY.schema.fields_of("list") if name in values}
    return {**listed, "status": status}


def _add_items(
    dynamodb: Any, items: Iterator[dict[str, Any]], count: int, console: Console
) -> None:
    for _ in track(
        range(count // BATCH), f"{count:,} {ENTITY.plural}", console=console, transient=True
    ):
        puts = [{"PutRequest": {"Item": next(items)}} for _ in range(BATCH)]
        dynamodb.batch_write_item(RequestItems={TABLE: puts})


def _entry_bytes(entry: dict[str, dict[str, Any]]) -> int:
    return sum(len(name) + len(str(*value.values())) for name, value in entry.items())


def _measure_page(filters: Mapping[str, str]) -> Cost:
    from common.aws.clients import client
    from common.crud import table

    costs: list[Cost] = []

    def add(parsed: dict[str, Any], **_: Any) -> None:
        # Entries that a filter drops are evaluated and paid for, but are not in the answer.
        items, evaluated = parsed["Items"], parsed["ScannedCount"]
        size = sum(map(_entry_bytes, items)) / max(len(items), 1) * evaluated
        costs.append(Cost(1, evaluated, max(1, math.ceil(size / UNIT_BYTES)) / 2))

    events = client("dynamodb").meta.events
    events.register("after-call.dynamodb.Query", add)
    try:
        table.query(ENTITY, filters, limit=LIMIT, after=None)
    finally:
        events.unregister("after-call.dynamodb.Query", add)
    return Cost(*map(sum, zip(*costs, strict=True)))


def _be_patient() -> None:
    """Let the layer wait long for an answer: for a Query, the emulator reads the whole table."""
    assert "common.aws.clients" not in sys.modules, "too late: it has read the timeouts"
    timeouts.DYNAMODB = timeouts.DYNAMODB._replace(read=_PATIENCE_SECONDS)


_PATIENCE_SECONDS = 60


def measure(console: Console) -> dict[str, list[Cost]]:
    """Return the cost of a page of each list, in a table of each size."""
    _be_patient()
    costs: dict[str, list[Cost]] = {name: [] for name in LISTS}
    run_folder = RunFolder(Path(tempfile.mkdtemp(prefix="page-cost-")))
    with run_folder.lock() as lock:
        assert lock
        run_folder.clear()
        with process.running_emulator(run_folder, process.free_port(), lock) as emulator:
            os.environ.update(aws.environment(emulator.endpoint_url))
            os.environ.update(
                AWS_DEFAULT_REGION=REGION,
                FUNCTION="bench",
                SHARDS=str(SHARDS),
                ARCHIVE_BUCKET="none",
                ARCHIVE_FLUSH_SECONDS="10",
                CORS_ORIGINS="*",
                TABLE_NAMES=json.dumps({ENTITY.collection: TABLE}),
            )
            dynamodb = aws.client("dynamodb", emulator.endpoint_url)
            tables.create_table(dynamodb, ENTITY, TABLE)
            items = _generate_items()
            for smaller, size in pairwise((0, *SIZES)):
                _add_items(dynamodb, items, size - smaller, console)
                for name, filters in LISTS.items():
                    costs[name].append(_measure_page(filters))
    return costs


def figures(costs: Mapping[str, list[Cost]]) -> list[Figure]:
    """Return the figures of the report."""
    smallest, largest = (f"{size:,}" for size in SIZES)
    return [
        count(
            f"read units of a page of {name}, in {largest} items to {smallest}",
            f"{large.units:.1f}",
            f"{small.units:.1f}",
            large.units / small.units,
            at_most=1,
        )
        for name, (small, large) in costs.items()
    ]


def main() -> None:
    console = Console()
    console.print(_report(measure(console)))


def _report(rows: dict[str, list[Cost]]) -> Table:
    report = Table(title=f"One page of {LIMIT} {ENTITY.plural}, {SHARDS} shards a status")
    report.add_column("list")
    for size in SIZES:
        report.add_column(
            f"{size:,} {ENTITY.plural}: queries / entries / read units", justify="right"
        )
    report.add_column("ratio of read units", justify="right")
    for name, costs in rows.items():
        cells = [f"{c.queries} / {c.entries:,} / {c.units:,.1f}" for c in costs]
        report.add_row(name, *cells, f"{costs[-1].units / costs[0].units:.2f}")
    return report


if __name__ == "__main__":
    main()
