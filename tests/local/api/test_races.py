"""Many callers at once on one job, and many requests under random faults."""

import random
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Lock
from typing import Any

import pytest

from tests.support.deployment.fault_proxy import fault_proxy
from tests.support.deployment.service import Service
from tests.support.http.caller import Caller
from tests.support.http.response import HttpResponse

CALLERS = 50
AT_A_TIME = 10
"""Each request under way needs an environment of its own, and this machine is small."""


def _at_once(work: Callable[[int], HttpResponse]) -> list[HttpResponse]:
    with ThreadPoolExecutor(AT_A_TIME) as pool:
        return list(pool.map(work, range(CALLERS)))


def _new_job(call: Caller, pipeline: str) -> str:
    job_id: str = call("POST", "/jobs", {"pipeline": pipeline, "input_uri": "s3://in/1"}).body[
        "job_id"
    ]
    return job_id


def test_of_many_writers_with_the_same_if_match_one_wins(call: Caller, pipeline: str) -> None:
    path = f"/jobs/{_new_job(call, pipeline)}"
    call("PATCH", path, {"status": "RUNNING"})

    answers = _at_once(lambda n: call("PATCH", path, {"progress": n}, headers={"If-Match": '"2"'}))

    assert Counter(answer.status for answer in answers) == {200: 1, 412: CALLERS - 1}
    (winner,) = [answer.body for answer in answers if answer.status == 200]
    assert call("GET", path).body == winner


def test_many_creates_with_one_idempotency_key_register_one_job(
    call: Caller, pipeline: str
) -> None:
    answers = _at_once(
        lambda _: call(
            "POST",
            "/jobs",
            {"pipeline": pipeline, "input_uri": "s3://in/1"},
            headers={"Idempotency-Key": pipeline},
        )
    )

    assert Counter(answer.status for answer in answers) == {201: 1, 200: CALLERS - 1}
    replayed = [answer.headers.get("Idempotency-Replayed") for answer in answers]
    assert Counter(replayed) == {None: 1, "true": CALLERS - 1}
    assert len({answer.body["job_id"] for answer in answers}) == 1
    assert len(call("GET", f"/jobs?pipeline={pipeline}").body["items"]) == 1


def test_an_update_never_brings_a_deleted_job_back(call: Caller, pipeline: str) -> None:
    for _ in range(5):
        path = f"/jobs/{_new_job(call, pipeline)}"
        answers = _at_once(
            lambda n, path=path: (  # type: ignore[misc]
                call("DELETE", path) if n % 2 else call("PATCH", path, {"status": "CANCELLED"})
            )
        )

        assert Counter(answer.status for answer in answers[1::2])[204] == 1
        assert call("GET", path).status == 404
    assert call("GET", f"/jobs?pipeline={pipeline}").body["items"] == []


SOAK_REQUESTS = 2_000
SOAK_CALLERS = 8
SOAK_JOBS = 24
SOAK_SECONDS = 150
FAULT_RATE = 0.2
NEXT = {
    "PENDING": {"RUNNING", "CANCELLED"},
    "RUNNING": {"RUNNING", "SUCCEEDED", "FAILED", "CANCELLED"},
    "FAILED": {"PENDING"},
    "SUCCEEDED": set(),
    "CANCELLED": set(),
}
"""The design's transitions, written down apart from the code that is tested."""


class Ledger:
    """What the callers were told about each job."""

    def __init__(self) -> None:
        self._lock = Lock()
        self.statuses: Counter[tuple[str, int]] = Counter()
        self.created: dict[str, int] = {}
        self.applied: defaultdict[str, int] = defaultdict(int)
        self.unknown: defaultdict[str, int] = defaultdict(int)
        self.deleted: set[str] = set()
        self.maybe_deleted: set[str] = set()
        self.seen: defaultdict[str, dict[int, dict[str, Any]]] = defaultdict(dict)

    def open_jobs(self) -> list[str]:
        with self._lock:
            return [job_id for job_id in self.created if job_id not in self.deleted][-SOAK_JOBS:]

    def note(self, method: str, job_id: str | None, answer: HttpResponse) -> None:
        with self._lock:
            self.statuses[method, answer.status] += 1
            shown = answer.body if answer.status in {200, 201} else {}
            if shown.get("job_id"):
                self.seen[shown["job_id"]].setdefault(shown["version"], shown)
            if method == "POST" and answer.status == 201:
                self.created[shown["job_id"]] = self.created.get(shown["job_id"], 0) + 1
            if method in {"PUT", "PATCH"} and job_id:
                self.applied[job_id] += answer.status == 200
                self.unknown[job_id] += answer.status == 503
            if method == "DELETE" and job_id:
                (self.deleted if answer.status == 204 else self.maybe_deleted).add(job_id)


def _soak(call: Caller, pipeline: str, ledger: Ledger, seed: int, deadline: float) -> None:
    # Reproducible, and no secret.
    dice = random.Random(seed)
    for number in range(SOAK_REQUESTS // SOAK_CALLERS):
        if time.monotonic() > deadline:
            raise TimeoutError(f"the soak takes longer than {SOAK_SECONDS} s")
        jobs = ledger.open_jobs()
        if not jobs or dice.random() < 0.2:
            body = {"pipeline": pipeline, "input_uri": f"s3://in/{seed}/{number}"}
            key = {"Idempotency-Key": f"{pipeline}-{seed}-{number}"}
            ledger.note("POST", None, call("POST", "/jobs", body, headers=key))
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
        ledger.note(method, job_id, call(method, path, change))


@pytest.fixture
def shaky(service: Service, call: Caller) -> Iterator[None]:
    """DynamoDB fails one call in five, each time in another way."""
    ways: list[dict[str, Any]] = [
        {"error": {"code": "ThrottlingException"}},
        {"error": {"code": "InternalServerError"}},
        {"reset": True},
        {"response": {"abort_bytes": 0}},
    ]
    with fault_proxy(service, call) as faults:
        # The first rule that fires decides, so the later ones need higher odds.
        faults.inject(
            *(
                {"probability": share / (1 - share * n), **way}
                for n, way in enumerate(ways)
                for share in [FAULT_RATE / len(ways)]
            )
        )
        yield
        faults.clear()


@pytest.mark.usefixtures("shaky")
def test_under_random_faults_every_write_happens_once_or_the_caller_is_told(
    service: Service,
    call: Caller,
    pipeline: str,
    record_property: Callable[[str, object], None],
) -> None:
    ledger = Ledger()
    deadline = time.monotonic() + SOAK_SECONDS
    with ThreadPoolExecutor(SOAK_CALLERS) as pool:
        for soaked in [
            pool.submit(_soak, call, pipeline, ledger, seed, deadline)
            for seed in range(SOAK_CALLERS)
        ]:
            soaked.result()

    items = _items_of(service, pipeline)
    record_property("counted", _summary(ledger, items))
    assert sum(ledger.statuses.values()) == SOAK_REQUESTS
    assert {status for _, status in ledger.statuses} <= {200, 201, 204, 404, 409, 503}
    assert set(ledger.created.values()) == {1}, "a create was acknowledged as new twice"
    for job_id in ledger.created:
        if job_id in ledger.deleted:
            assert job_id not in items, "a deleted job is there"
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
    seen = ledger.seen[job_id]
    for version, shown in seen.items():
        before = seen.get(version - 1)
        assert before is None or shown["status"] in NEXT[before["status"]], "an illegal transition"


def _items_of(service: Service, pipeline: str) -> dict[str, dict[str, Any]]:
    from boto3.dynamodb.types import TypeDeserializer

    read = TypeDeserializer().deserialize
    pages = (
        service.client("dynamodb")
        .get_paginator("scan")
        .paginate(
            TableName=service.outputs["TableName"],
            FilterExpression="pipeline = :p",
            ExpressionAttributeValues={":p": {"S": pipeline}},
        )
    )
    items = [item for page in pages for item in page["Items"]]
    return {item["job_id"]["S"]: {k: read(v) for k, v in item.items()} for item in items}


def _summary(ledger: Ledger, items: dict[str, dict[str, Any]]) -> str:
    told = ", ".join(f"{m} {s}: {n}" for (m, s), n in sorted(ledger.statuses.items()))
    return (
        f"{sum(ledger.statuses.values())} requests ({told}); {len(ledger.created)} jobs created, "
        f"{len(items)} left; {sum(ledger.applied.values())} changes acknowledged, "
        f"{sum(int(item['version']) - 1 for item in items.values())} on the jobs left, "
        f"{sum(ledger.unknown.values())} of unknown outcome"
    )
