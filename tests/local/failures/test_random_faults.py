"""Many requests from several callers under random faults: no write is lost or applied twice."""

import random
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Lock
from typing import Any

import pytest
from boto3.dynamodb.types import TypeDeserializer

from infra.spec.output_names import table_output
from tests.support.deployment.fault_proxy import fault_proxy
from tests.support.deployment.service import Service
from tests.support.entities import ENTITY
from tests.support.http.caller import Caller
from tests.support.http.response import HttpResponse

REQUESTS = 2_000
CALLERS = 8
RECENT_JOBS = 24
TIMEOUT_SECONDS = 150
FAULT_RATE = 0.2
TRANSITIONS = {
    "PENDING": {"RUNNING", "CANCELLED"},
    "RUNNING": {"RUNNING", "SUCCEEDED", "FAILED", "CANCELLED"},
    "FAILED": {"PENDING"},
    "SUCCEEDED": set(),
    "CANCELLED": set(),
}
"""The allowed transitions, written independently of the tested code."""


class Ledger:
    """A record of the responses, by job."""

    def __init__(self) -> None:
        self._lock = Lock()
        self.statuses: Counter[tuple[str, int]] = Counter()
        """The number of responses by method and status."""
        self.created: dict[str, int] = {}
        """The number of 201 responses by job id; more than one is an error."""
        self.applied: defaultdict[str, int] = defaultdict(int)
        """The number of successful updates by job id."""
        self.unknown: defaultdict[str, int] = defaultdict(int)
        """The number of updates by job id that failed and may have been applied."""
        self.deleted: set[str] = set()
        self.maybe_deleted: set[str] = set()
        self.versions: defaultdict[str, dict[int, dict[str, Any]]] = defaultdict(dict)
        """The jobs in the responses, by job id and version."""

    def recent_jobs(self) -> list[str]:
        with self._lock:
            return [job_id for job_id in self.created if job_id not in self.deleted][-RECENT_JOBS:]

    def record(self, method: str, job_id: str | None, response: HttpResponse) -> None:
        with self._lock:
            self.statuses[method, response.status] += 1
            job = response.body if response.status in {200, 201} else {}
            if job.get("job_id"):
                self.versions[job["job_id"]].setdefault(job["version"], job)
            if method == "POST" and response.status == 201:
                self.created[job["job_id"]] = self.created.get(job["job_id"], 0) + 1
            if method in {"PUT", "PATCH"} and job_id:
                self.applied[job_id] += response.status == 200
                self.unknown[job_id] += response.status == 503
            if method == "DELETE" and job_id:
                (self.deleted if response.status == 204 else self.maybe_deleted).add(job_id)


def _send_requests(call: Caller, pipeline: str, ledger: Ledger, seed: int, deadline: float) -> None:
    dice = random.Random(seed)
    for number in range(REQUESTS // CALLERS):
        if time.monotonic() > deadline:
            raise TimeoutError(f"the requests take longer than {TIMEOUT_SECONDS} s")
        jobs = ledger.recent_jobs()
        if not jobs or dice.random() < 0.2:
            body = {"pipeline": pipeline, "input_uri": f"s3://in/{seed}/{number}"}
            key = {"Idempotency-Key": f"{pipeline}-{seed}-{number}"}
            ledger.record("POST", None, call("POST", "/jobs", body, headers=key))
            continue
        job_id = dice.choice(jobs)
        path = f"/jobs/{job_id}"
        changes: list[tuple[str, dict[str, Any] | None]] = [
            ("PATCH", {"status": "RUNNING"}),
            ("PATCH", {"progress": dice.randrange(101)}),
            ("PUT", {"status": "RUNNING", "progress": dice.randrange(101)}),
            ("PATCH", {"status": "FAILED", "error": {"code": "E", "message": "m"}}),
            ("PATCH", {"status": "PENDING"}),
            ("PUT", {"status": "SUCCEEDED", "output_uri": "s3://out/1"}),
            ("DELETE", None),
            ("GET", None),
        ]
        method, change = dice.choices(changes, weights=[20, 25, 10, 10, 10, 2, 1, 10])[0]
        ledger.record(method, job_id, call(method, path, change))


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
    service: Service,
    call: Caller,
    pipeline: str,
    record_property: Callable[[str, object], None],
) -> None:
    ledger = Ledger()
    deadline = time.monotonic() + TIMEOUT_SECONDS
    with ThreadPoolExecutor(CALLERS) as pool:
        for caller in [
            pool.submit(_send_requests, call, pipeline, ledger, seed, deadline)
            for seed in range(CALLERS)
        ]:
            caller.result()

    items = _items(service, pipeline)
    record_property("counted", _summary(ledger, items))
    assert sum(ledger.statuses.values()) == REQUESTS
    assert {status for _, status in ledger.statuses} <= {200, 201, 204, 404, 409, 503}
    assert set(ledger.created.values()) == {1}, "a create was acknowledged as new twice"
    for job_id in ledger.created:
        if job_id in ledger.deleted:
            assert job_id not in items, "a deleted job still exists"
            continue
        if job_id not in items:
            assert job_id in ledger.maybe_deleted, "an acknowledged create is lost"
            continue
        _assert_consistent(items[job_id], ledger, job_id)


def _assert_consistent(item: dict[str, Any], ledger: Ledger, job_id: str) -> None:
    applied, unknown = ledger.applied[job_id], ledger.unknown[job_id]
    writes = item["version"] - 1
    assert applied <= writes <= applied + unknown, "a write was lost or applied twice"
    ended = item["status"] in {"SUCCEEDED", "FAILED", "CANCELLED"}
    assert ("finished_at" in item) == ended == ("expires_at" in item)
    assert ("error" in item) == (item["status"] == "FAILED")
    assert ("started_at" in item) == (item["status"] not in {"PENDING"})
    assert item["status_shard"].startswith(item["status"] + "#")
    versions = ledger.versions[job_id]
    for version, job in versions.items():
        before = versions.get(version - 1)
        legal = before is None or job["status"] in TRANSITIONS[before["status"]]
        assert legal, "an illegal transition"


def _items(service: Service, pipeline: str) -> dict[str, dict[str, Any]]:
    read = TypeDeserializer().deserialize
    pages = (
        service.client("dynamodb")
        .get_paginator("scan")
        .paginate(
            TableName=service.outputs[table_output(ENTITY)],
            FilterExpression="pipeline = :p",
            ExpressionAttributeValues={":p": {"S": pipeline}},
        )
    )
    items = [item for page in pages for item in page["Items"]]
    return {item["job_id"]["S"]: {k: read(v) for k, v in item.items()} for item in items}


def _summary(ledger: Ledger, items: dict[str, dict[str, Any]]) -> str:
    statuses = ", ".join(f"{m} {s}: {n}" for (m, s), n in sorted(ledger.statuses.items()))
    return (
        f"{sum(ledger.statuses.values())} requests ({statuses}); "
        f"{len(ledger.created)} jobs created, {len(items)} left; "
        f"{sum(ledger.applied.values())} changes acknowledged, "
        f"{sum(int(item['version']) - 1 for item in items.values())} on the jobs left, "
        f"{sum(ledger.unknown.values())} of unknown outcome"
    )
