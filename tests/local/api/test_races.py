"""Concurrent requests for the same item."""

import uuid
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.support.entities import (
    ENTITY,
    EXAMPLES,
    create,
    create_with,
    first_change,
    new_body,
    path_of,
)
from tests.support.http.caller import Caller
from tests.support.http.response import HttpResponse
from tests.support.lists import listed_since, query_of

CALLERS = 50
CONCURRENT_CALLERS = 10
"""Each concurrent request needs its own execution environment, which takes memory."""


def _call_concurrently(work: Callable[[int], HttpResponse]) -> list[HttpResponse]:
    with ThreadPoolExecutor(CONCURRENT_CALLERS) as pool:
        return list(pool.map(work, range(CALLERS)))


def test_of_many_writers_with_the_same_if_match_one_wins(call: Caller) -> None:
    # A change that an item takes again and again, if there is one: only the ETag refuses it.
    change = next((each for each in EXAMPLES.changes if each.keeps_status), first_change())
    item = create_with(call, change.source)
    path = path_of(item)
    tag = call("GET", path).headers["ETag"]

    responses = _call_concurrently(
        lambda _: call("PATCH", path, change.body, headers={"If-Match": tag})
    )

    assert Counter(response.status for response in responses) == {200: 1, 412: CALLERS - 1}
    (winner,) = [response.body for response in responses if response.status == 200]
    assert call("GET", path).body == winner


def test_many_creates_with_one_idempotency_key_create_one_item(call: Caller) -> None:
    body = new_body()
    key = {"Idempotency-Key": uuid.uuid4().hex}

    responses = _call_concurrently(lambda _: call("POST", ENTITY.path, body, headers=key))

    assert Counter(response.status for response in responses) == {201: 1, 200: CALLERS - 1}
    replayed = [response.headers.get("Idempotency-Replayed") for response in responses]
    assert Counter(replayed) == {None: 1, "true": CALLERS - 1}
    assert len({response.body[ENTITY.id_field] for response in responses}) == 1
    assert len(listed_since(call, responses[0].body, query_of(body))) == 1


def test_an_update_never_brings_a_deleted_item_back(call: Caller) -> None:
    changes = [each for each in EXAMPLES.changes if {each.source, each.target} <= ENTITY.deletable]
    if not changes:
        pytest.skip(f"no {ENTITY.noun} can be deleted both before and after a change")
    change = max(changes, key=lambda each: each.source == ENTITY.statuses[0])
    body = new_body()
    items = []
    for _ in range(5):
        item = create(call, body)
        for each in EXAMPLES.path(change.source):
            call("PATCH", path_of(item), each.body)
        path = path_of(item)
        responses = _call_concurrently(
            lambda n, path=path: (  # type: ignore[misc]
                call("DELETE", path) if n % 2 else call("PATCH", path, change.body)
            )
        )
        items.append(item)

        assert Counter(response.status for response in responses[1::2])[204] == 1
        assert call("GET", path).status == 404
    assert listed_since(call, items[0], query_of(body)) == []
