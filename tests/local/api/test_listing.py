"""Lists of many jobs, read page by page."""

import itertools
import random
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Event
from typing import Any

import pytest

from common.crud.keys import SHARD, SORT_KEY, STATUS_SHARD
from common.entities.jobs.rules import Status
from infra.spec.output_names import table_output
from infra.spec.stages import STAGES
from local.deploy import STAGE
from tests.support.deployment.service import Service
from tests.support.entities import ENTITY
from tests.support.http.caller import Caller

JOBS = 10_000
BATCH = 25
FIRST_CREATION = datetime(2020, 1, 1, tzinfo=UTC)
MOVING = "seeded-moving"
PIPELINES = ("seeded-a", "seeded-b", "seeded-c", MOVING)


@pytest.fixture(scope="module")
def seeded_jobs(service: Service) -> dict[str, tuple[str, str]]:
    """The status and pipeline by id of many jobs, newest first.

    Many of the jobs have the same time of creation.
    """
    dice = random.Random(7)
    keys: dict[str, tuple[str, str, str]] = {}
    requests = []
    for _ in range(JOBS):
        job_id = str(uuid.UUID(int=dice.getrandbits(128), version=4))
        moment = FIRST_CREATION + timedelta(milliseconds=dice.randrange(JOBS // 4))
        created_at = f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03}Z"
        status, pipeline = dice.choice(list(Status)), dice.choice(PIPELINES)
        shard = dice.randrange(STAGES[STAGE].shards)
        keys[job_id] = (f"{created_at}#{job_id}", status, pipeline)
        texts = {
            "job_id": job_id,
            "pipeline": pipeline,
            "input_uri": "s3://in/1",
            "parameters": "{}",
            "status": status,
            "created_at": created_at,
            "updated_at": created_at,
            SORT_KEY: f"{created_at}#{job_id}",
            SHARD: str(shard),
            STATUS_SHARD: f"{status}#{shard}",
        }
        item: dict[str, Any] = {name: {"S": value} for name, value in texts.items()}
        item |= {name: {"N": "1"} for name in ("progress", "attempt", "version")}
        item |= {"writers": {"L": [{"S": ""}] * 8}}
        requests.append({"PutRequest": {"Item": item}})
    dynamodb = service.client("dynamodb")
    table = service.outputs[table_output(ENTITY)]
    for start in range(0, JOBS, BATCH):
        result = dynamodb.batch_write_item(RequestItems={table: requests[start : start + BATCH]})
        assert not result["UnprocessedItems"]
    newest_first = sorted(keys.items(), key=lambda entry: entry[1][0], reverse=True)
    return {job_id: (status, pipeline) for job_id, (_, status, pipeline) in newest_first}


def _list_ids(call: Caller, query: str) -> Iterator[str]:
    """Read all pages of a list, and yield the ids of the seeded jobs."""
    cursor = ""
    for _ in itertools.repeat(None, JOBS):
        response = call("GET", f"/jobs?limit=100{query}{cursor}")
        assert response.status == 200
        page = response.body
        assert len(page["items"]) <= 100
        yield from (item["job_id"] for item in page["items"] if item["pipeline"] in PIPELINES)
        if "next_cursor" not in page:
            return
        cursor = f"&cursor={page['next_cursor']}"
    raise AssertionError("the list does not end")


@pytest.mark.parametrize(
    ("status", "pipeline"),
    [("FAILED", None), (None, "seeded-b"), ("RUNNING", "seeded-c")],
)
def test_every_job_of_a_filter_is_listed_once_and_newest_first(
    status: str | None, pipeline: str | None, seeded_jobs: dict[str, tuple[str, str]], call: Caller
) -> None:
    query = "".join(
        f"&{name}={value}" for name, value in (("status", status), ("pipeline", pipeline)) if value
    )

    assert list(_list_ids(call, query)) == [
        job_id
        for job_id, (job_status, job_pipeline) in seeded_jobs.items()
        if status in {None, job_status} and pipeline in {None, job_pipeline}
    ]


def test_every_job_is_listed_once_and_newest_first_while_jobs_are_registered_and_started(
    seeded_jobs: dict[str, tuple[str, str]], call: Caller
) -> None:
    stop = Event()
    pending = [job_id for job_id, kind in seeded_jobs.items() if kind == ("PENDING", MOVING)]

    def create_and_start_jobs() -> int:
        body = {"pipeline": "busy", "input_uri": "s3://in/1"}
        created = 0
        for job_id in itertools.chain(pending, itertools.repeat(None)):
            if stop.is_set():
                break
            created += call("POST", "/jobs", body).status == 201
            if job_id:
                started = call("PATCH", f"/jobs/{job_id}", {"status": "RUNNING"})
                assert started.status == 200
        return created

    with ThreadPoolExecutor(1) as pool:
        writer = pool.submit(create_and_start_jobs)
        try:
            job_ids = list(_list_ids(call, ""))
        finally:
            stop.set()

    assert job_ids == list(seeded_jobs)
    assert writer.result() > 0
