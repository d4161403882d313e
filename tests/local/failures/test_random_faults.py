"""Many requests from several callers under random faults: no write is lost or applied twice."""

import random
import time
import uuid
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Set
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from threading import Lock
from typing import Any

import pytest
from boto3.dynamodb.types import TypeDeserializer
from hypothesis import settings

from common.crud.changes import timestamp
from common.crud.entity import Item
from common.crud.keys import SORT_KEY, STATUS_SHARD
from infra.spec.output_names import table_output
from tests.support.deployment.fault_proxy import fault_proxy
from tests.support.deployment.service import Service
from tests.support.entities import ENTITY, new_body
from tests.support.http.caller import Caller
from tests.support.http.response import HttpResponse
from tests.support.model import EDITS, State, frequency, states

REQUESTS = 2_000 if settings.get_current_profile_name() == "fuzz" else 600
CALLERS = 8
RECENT_ITEMS = 24
TIMEOUT_SECONDS = 900
FAULT_RATE = 0.2


class Ledger:
    """A record of the responses, by item."""

    def __init__(self) -> None:
        self._lock = Lock()
        self.statuses: Counter[tuple[str, int]] = Counter()
        """The number of responses by method and status."""
        self.created: dict[str, int] = {}
        """The number of 201 responses by id; more than one is an error."""
        self.applied: defaultdict[str, int] = defaultdict(int)
        """The number of successful updates by id."""
        self.unknown: defaultdict[str, int] = defaultdict(int)
        """The number of updates by id that failed and may have been applied."""
        self.deleted: set[str] = set()
        self.maybe_deleted: set[str] = set()
        self.versions: defaultdict[str, dict[int, dict[str, Any]]] = defaultdict(dict)
        """The items in the responses, by id and version."""

    def recent_items(self) -> list[str]:
        with self._lock:
            return [id_ for id_ in self.created if id_ not in self.deleted][-RECENT_ITEMS:]

    def record(self, method: str, item_id: str | None, response: HttpResponse) -> None:
        with self._lock:
            self.statuses[method, response.status] += 1
            if response.status in {200, 201}:
                item = response.body
                self.versions[item[ENTITY.id_field]].setdefault(item["version"], item)
            if method == "POST" and response.status == 201:
                created = response.body[ENTITY.id_field]
                self.created[created] = self.created.get(created, 0) + 1
            if method in {"PUT", "PATCH"} and item_id:
                self.applied[item_id] += response.status == 200
                self.unknown[item_id] += response.status == 503
            if method == "DELETE" and item_id:
                (self.deleted if response.status == 204 else self.maybe_deleted).add(item_id)


def _send_requests(call: Caller, word: str, ledger: Ledger, seed: int, deadline: float) -> None:
    dice = random.Random(seed)
    edits = [(edit.method, edit.body) for edit in EDITS]
    choices: list[tuple[str, Item | None]] = [*edits, ("DELETE", None), ("GET", None)]
    weights = [*map(frequency, EDITS), 1, 10]
    for number in range(REQUESTS // CALLERS):
        if time.monotonic() > deadline:
            raise TimeoutError(f"the requests take longer than {TIMEOUT_SECONDS} s")
        items = ledger.recent_items()
        if not items or dice.random() < 0.2:
            key = {"Idempotency-Key": f"{word}-{seed}-{number}"}
            ledger.record("POST", None, call("POST", ENTITY.path, new_body(), headers=key))
            continue
        item_id = dice.choice(items)
        method, body = dice.choices(choices, weights=weights)[0]
        ledger.record(method, item_id, call(method, f"{ENTITY.path}/{item_id}", body))


@pytest.fixture
def random_faults(service: Service, call: Caller) -> Iterator[None]:
    """Make one call of DynamoDB in five fail, with one of four faults."""
    effects: list[dict[str, Any]] = [
        {"error": {"code": "ThrottlingException"}},
        {"error": {"code": "InternalServerError"}},
        {"reset": True},
        {"response": {"abort_bytes": 0}},
    ]
    with fault_proxy(service, call) as proxy:
        # The first rule that applies decides, so the later ones need a higher probability.
        proxy.inject(
            *(
                {"probability": share / (1 - share * n), **effect}
                for n, effect in enumerate(effects)
                for share in [FAULT_RATE / len(effects)]
            )
        )
        yield
        proxy.clear()


@pytest.mark.usefixtures("random_faults")
def test_under_random_faults_every_write_happens_once_or_gets_a_503(
    service: Service, call: Caller, record_property: Callable[[str, object], None]
) -> None:
    ledger = Ledger()
    word = uuid.uuid4().hex
    began = datetime.now(UTC)
    deadline = time.monotonic() + TIMEOUT_SECONDS
    with ThreadPoolExecutor(CALLERS) as pool:
        for caller in [
            pool.submit(_send_requests, call, word, ledger, seed, deadline)
            for seed in range(CALLERS)
        ]:
            caller.result()

    items = _items(service, began)
    record_property("counted", _summary(ledger, items))
    assert sum(ledger.statuses.values()) == REQUESTS
    assert {status for _, status in ledger.statuses} <= {200, 201, 204, 404, 409, 503}
    assert set(ledger.created.values()) == {1}, "a create was acknowledged as new twice"
    possible = states()
    for item_id in ledger.created:
        if item_id in ledger.deleted:
            assert item_id not in items, "a deleted item still exists"
            continue
        if item_id not in items:
            assert item_id in ledger.maybe_deleted, "an acknowledged create is lost"
            continue
        _assert_consistent(items[item_id], ledger, item_id, possible)


def _assert_consistent(
    item: dict[str, Any], ledger: Ledger, item_id: str, possible: Set[State]
) -> None:
    applied, unknown = ledger.applied[item_id], ledger.unknown[item_id]
    writes = item["version"] - 1
    assert applied <= writes <= applied + unknown, "a write was lost or applied twice"
    fields = frozenset(item.keys() & ENTITY.schema.fields.keys())
    assert (item["status"], fields) in possible, "no changes lead to these fields"
    assert item[STATUS_SHARD].startswith(item["status"] + "#")
    versions = ledger.versions[item_id]
    for version, after in versions.items():
        before = versions.get(version - 1)
        legal = before is None or any(edit.leads(before, after) for edit in EDITS)
        assert legal, "no change leads from one version to the next"


def _items(service: Service, began: datetime) -> dict[str, dict[str, Any]]:
    """Return the items that were created since a moment, by id."""
    read = TypeDeserializer().deserialize
    pages = (
        service.client("dynamodb")
        .get_paginator("scan")
        .paginate(
            TableName=service.outputs[table_output(ENTITY)],
            FilterExpression="#key >= :began",
            ExpressionAttributeNames={"#key": SORT_KEY},
            ExpressionAttributeValues={":began": {"S": timestamp(began)}},
        )
    )
    items = [item for page in pages for item in page["Items"]]
    return {item[ENTITY.id_field]["S"]: {k: read(v) for k, v in item.items()} for item in items}


def _summary(ledger: Ledger, items: dict[str, dict[str, Any]]) -> str:
    statuses = ", ".join(f"{m} {s}: {n}" for (m, s), n in sorted(ledger.statuses.items()))
    return (
        f"{sum(ledger.statuses.values())} requests ({statuses}); "
        f"{len(ledger.created)} items created, {len(items)} left; "
        f"{sum(ledger.applied.values())} changes acknowledged, "
        f"{sum(int(item['version']) - 1 for item in items.values())} on the items left, "
        f"{sum(ledger.unknown.values())} of unknown outcome"
    )
