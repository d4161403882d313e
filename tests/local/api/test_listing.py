"""Lists of many items, read page by page."""

import itertools
import random
import uuid
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Event
from typing import Any, NamedTuple
from urllib.parse import urlencode

import pytest
from hypothesis import settings

from common.contract import MAX_PAGE_SIZE, compact_json
from common.crud.changes import new_item, timestamp
from common.crud.keys import SHARD, SORT_KEY, STATUS_SHARD
from common.dynamodb.attribute_values import marshal
from infra.spec.output_names import table_output
from infra.spec.stages import STAGES
from local.deploy import STAGE
from tests.support.deployment.service import Service
from tests.support.entities import ENTITY, EXAMPLES, INITIAL, new_body
from tests.support.http.caller import Caller

ITEMS = 10_000 if settings.get_current_profile_name() == "fuzz" else 2_500
BATCH = 25
FIRST_CREATION = datetime(2020, 1, 1, tzinfo=UTC)
KINDS = tuple(dict(EXAMPLES.unique(f"{number:032x}")) for number in range(4))
"""The values of the filters, by kind."""
MOVING = 3
"""The kind of the items that are changed while lists are read."""


class Seeded(NamedTuple):
    """An item in the table."""

    status: str
    kind: int
    """The index of the values of its filters in ``KINDS``."""


def _queries() -> Iterator[dict[str, str]]:
    """Yield filters of lists: the status, each filter, and both."""
    yield {"status": ENTITY.statuses[-1]}
    for name in ENTITY.filters:
        yield {name: KINDS[1][name]}
        yield {"status": ENTITY.statuses[1 % len(ENTITY.statuses)], name: KINDS[2][name]}


@pytest.fixture(scope="module")
def seeded_items(service: Service) -> dict[str, Seeded]:
    """The status and the kind of many items by id, newest first.

    Many of the items have the same time of creation.
    """
    dice = random.Random(7)
    seeded: dict[str, tuple[str, Seeded]] = {}
    requests = []
    structured = ENTITY.schema.structured
    for _ in range(ITEMS):
        item_id = str(uuid.UUID(int=dice.getrandbits(128), version=4))
        moment = FIRST_CREATION + timedelta(milliseconds=dice.randrange(ITEMS // 4))
        status, kind = dice.choice(ENTITY.statuses), dice.randrange(len(KINDS))
        shard = dice.randrange(STAGES[STAGE].shards)
        body = {**EXAMPLES.least, **KINDS[kind]}
        item = new_item(ENTITY, body, item_id=item_id, now=moment, created_by="a1b2c3d4e5")
        sort_key = f"{timestamp(moment)}#{item_id}"
        attributes: dict[str, Any] = {
            **{name: value for name, value in item.items() if name not in structured},
            **{name: compact_json(item[name]) for name in structured & item.keys()},
            "status": status,
            SORT_KEY: sort_key,
            SHARD: str(shard),
            STATUS_SHARD: f"{status}#{shard}",
            "writers": [""] * 8,
        }
        seeded[item_id] = (sort_key, Seeded(status, kind))
        requests.append({"PutRequest": {"Item": marshal(attributes)}})
    dynamodb = service.client("dynamodb")
    table = service.outputs[table_output(ENTITY)]
    for start in range(0, ITEMS, BATCH):
        result = dynamodb.batch_write_item(RequestItems={table: requests[start : start + BATCH]})
        assert not result["UnprocessedItems"]
    newest_first = sorted(seeded.items(), key=lambda entry: entry[1][0], reverse=True)
    return {item_id: item for item_id, (_, item) in newest_first}


def _list_ids(
    call: Caller, seeded_items: Mapping[str, Seeded], filters: Mapping[str, str]
) -> Iterator[str]:
    """Read all pages of a list, and yield the ids of the seeded items."""
    query = urlencode({"limit": MAX_PAGE_SIZE, **filters})
    cursor = ""
    for _ in itertools.repeat(None, ITEMS):
        response = call("GET", f"{ENTITY.path}?{query}{cursor}")
        assert response.status == 200
        page = response.body
        assert len(page["items"]) <= MAX_PAGE_SIZE
        ids = [item[ENTITY.id_field] for item in page["items"]]
        yield from (item_id for item_id in ids if item_id in seeded_items)
        if "next_cursor" not in page:
            return
        cursor = f"&cursor={page['next_cursor']}"
    raise AssertionError("the list does not end")


@pytest.mark.parametrize("filters", [*_queries()], ids=lambda filters: " and ".join(filters))
def test_every_item_of_a_filter_is_listed_once_and_newest_first(
    filters: dict[str, str], seeded_items: dict[str, Seeded], call: Caller
) -> None:
    assert list(_list_ids(call, seeded_items, filters)) == [
        item_id
        for item_id, (status, kind) in seeded_items.items()
        if filters.items() <= {"status": status, **KINDS[kind]}.items()
    ]


def test_every_item_is_listed_once_and_newest_first_while_items_are_created_and_changed(
    seeded_items: dict[str, Seeded], call: Caller
) -> None:
    stop = Event()
    # Preferably a change of the status, which moves an item from one list to another.
    changes = sorted(EXAMPLES.changes, key=lambda change: change.keeps_status)
    change = next((change for change in changes if change.source == INITIAL), None)
    changing = [item_id for item_id, kind in seeded_items.items() if kind == (INITIAL, MOVING)]

    def create_and_change_items() -> int:
        body = new_body()
        created = 0
        for item_id in itertools.chain(changing, itertools.repeat(None)):
            if stop.is_set():
                break
            created += call("POST", ENTITY.path, body).status == 201
            if item_id and change:
                changed = call("PATCH", f"{ENTITY.path}/{item_id}", change.body)
                assert changed.status == 200
        return created

    with ThreadPoolExecutor(1) as pool:
        writer = pool.submit(create_and_change_items)
        try:
            item_ids = list(_list_ids(call, seeded_items, {}))
        finally:
            stop.set()

    assert item_ids == list(seeded_items)
    assert writer.result() > 0
