"""Concurrent requests for the same job."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from tests.support.http.caller import Caller
from tests.support.http.response import HttpResponse

CALLERS = 50
CONCURRENT_CALLERS = 10
"""Each concurrent request needs its own execution environment, which takes memory."""


def _call_concurrently(work: Callable[[int], HttpResponse]) -> list[HttpResponse]:
    with ThreadPoolExecutor(CONCURRENT_CALLERS) as pool:
        return list(pool.map(work, range(CALLERS)))


def _new_job(call: Caller, pipeline: str) -> str:
    job_id: str = call("POST", "/jobs", {"pipeline": pipeline, "input_uri": "s3://in/1"}).body[
        "job_id"
    ]
    return job_id


def test_of_many_writers_with_the_same_if_match_one_wins(call: Caller, pipeline: str) -> None:
    path = f"/jobs/{_new_job(call, pipeline)}"
    call("PATCH", path, {"status": "RUNNING"})

    responses = _call_concurrently(
        lambda n: call("PATCH", path, {"progress": n}, headers={"If-Match": '"2"'})
    )

    assert Counter(response.status for response in responses) == {200: 1, 412: CALLERS - 1}
    (winner,) = [response.body for response in responses if response.status == 200]
    assert call("GET", path).body == winner


def test_many_creates_with_one_idempotency_key_register_one_job(
    call: Caller, pipeline: str
) -> None:
    responses = _call_concurrently(
        lambda _: call(
            "POST",
            "/jobs",
            {"pipeline": pipeline, "input_uri": "s3://in/1"},
            headers={"Idempotency-Key": pipeline},
        )
    )

    assert Counter(response.status for response in responses) == {201: 1, 200: CALLERS - 1}
    replayed = [response.headers.get("Idempotency-Replayed") for response in responses]
    assert Counter(replayed) == {None: 1, "true": CALLERS - 1}
    assert len({response.body["job_id"] for response in responses}) == 1
    assert len(call("GET", f"/jobs?pipeline={pipeline}").body["items"]) == 1


def test_an_update_never_brings_a_deleted_job_back(call: Caller, pipeline: str) -> None:
    for _ in range(5):
        path = f"/jobs/{_new_job(call, pipeline)}"
        responses = _call_concurrently(
            lambda n, path=path: (  # type: ignore[misc]
                call("DELETE", path) if n % 2 else call("PATCH", path, {"status": "CANCELLED"})
            )
        )

        assert Counter(response.status for response in responses[1::2])[204] == 1
        assert call("GET", path).status == 404
    assert call("GET", f"/jobs?pipeline={pipeline}").body["items"] == []
