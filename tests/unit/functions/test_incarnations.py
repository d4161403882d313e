"""Writes around a deletion: an ETag belongs to one item, and each attempt is applied once."""

from typing import TYPE_CHECKING, Any

import pytest

from common.crud.examples import Change
from tests.support.entities import ENTITY, EXAMPLES, REACHABLE, change, first_change, path_of

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

    from tests.support.http.function_api import Api

KEY = {"Idempotency-Key": "key-of-a-test"}
FIRST = "invocation-1"


def _create(api: "Api", invocation_id: str | None = None) -> Any:
    return api("POST", ENTITY.path, EXAMPLES.least, headers=KEY, invocation_id=invocation_id)


def _way_to_deletion(least: int = 0) -> list[Change]:
    """Return changes, at least some, that take a new item to a status that allows its deletion."""
    for status in REACHABLE:
        way = EXAMPLES.path(status)
        if status in ENTITY.deletable and len(way) >= least:
            return way
    pytest.skip(f"no {ENTITY.noun} may be deleted")


def _delete(api: "Api", item: dict[str, Any], invocation_id: str | None = None) -> None:
    change(api, item, *_way_to_deletion())
    assert api("DELETE", path_of(item), invocation_id=invocation_id).status == 204


def test_an_etag_does_not_outlive_its_item(api: "Api") -> None:
    first = _create(api)
    path = path_of(first.body)
    _delete(api, first.body)
    second = _create(api)

    assert (second.status, path_of(second.body)) == (201, path)
    assert second.headers["ETag"] != first.headers["ETag"]
    for method, body in (("PATCH", first_change().body), ("DELETE", None)):
        refused = api(method, path, body, headers={"If-Match": first.headers["ETag"]})
        assert refused.status == 412
    assert api("GET", path).body == second.body


def test_a_deleted_item_is_in_no_answer_and_in_no_list(
    api: "Api", table: "Table", new_item: dict[str, Any]
) -> None:
    path = path_of(new_item)
    _delete(api, new_item)

    assert api("GET", path).status == 404
    assert api("PATCH", path, first_change().body).status == 404
    assert api("DELETE", path).status == 404
    assert api("GET", ENTITY.path).body == {"items": []}
    assert api("GET", ENTITY.path, query={"status": new_item["status"]}).body == {"items": []}
    (tombstone,) = table.scan()["Items"]
    assert set(tombstone) == {ENTITY.id_field, "writers", "deleted_at", "expires_at"}


@pytest.mark.parametrize("again", [1, 2, 3])
def test_a_late_attempt_of_a_create_does_not_bring_a_deleted_item_back(
    again: int, api: "Api"
) -> None:
    created = _create(api, FIRST)
    path = path_of(created.body)
    item = created.body
    for _ in range(again):
        _delete(api, item)
        late = _create(api, FIRST)
        assert (late.status, late.headers["ETag"]) == (201, created.headers["ETag"])
        assert api("GET", path).status == 404
        item = _create(api).body


def test_a_late_attempt_of_a_deletion_does_not_delete_the_next_item(api: "Api") -> None:
    first = _create(api)
    path = path_of(first.body)
    _delete(api, first.body, FIRST)
    second = _create(api)

    assert api("DELETE", path, invocation_id=FIRST).status == 204

    assert api("GET", path).body == second.body


def test_a_deletion_whose_answer_was_lost_is_told_so_despite_a_new_item(api: "Api") -> None:
    created = _create(api)
    path = path_of(created.body)
    headers = {"If-Match": created.headers["ETag"]}
    _delete(api, created.body, FIRST)
    _create(api)

    assert api("DELETE", path, headers=headers, invocation_id=FIRST).status == 204


@pytest.mark.parametrize("created_again", [False, True])
def test_a_change_whose_item_was_deleted_before_its_retry_is_told_that_it_was_made(
    created_again: bool, api: "Api"
) -> None:
    *before, last = _way_to_deletion(1)
    item = _create(api).body
    path = path_of(item)
    change(api, item, *before)
    assert api("PATCH", path, last.body, invocation_id=FIRST).status == 200
    assert api("DELETE", path).status == 204
    if created_again:
        _create(api)

    retry = api("PATCH", path, last.body, invocation_id=FIRST)

    assert (retry.status, retry.text) == (204, "")
    assert "ETag" not in retry.headers


def test_a_late_attempt_of_a_change_does_not_change_the_next_item(api: "Api") -> None:
    *before, last = _way_to_deletion(1)
    item = _create(api).body
    path = path_of(item)
    change(api, item, *before)
    api("PATCH", path, last.body, invocation_id=FIRST)
    api("DELETE", path)
    second = _create(api)

    api("PATCH", path, last.body, invocation_id=FIRST)

    assert api("GET", path).body == second.body


def test_a_create_whose_answer_was_lost_shows_the_item_as_it_was_created(api: "Api") -> None:
    created = _create(api, FIRST)
    api("PATCH", path_of(created.body), first_change().body)

    retry = _create(api, FIRST)

    assert (retry.status, retry.body["version"]) == (201, 1)
    assert retry.body["status"] == created.body["status"]
    assert retry.headers["ETag"] == created.headers["ETag"]
    assert "Idempotency-Replayed" not in retry.headers


def test_a_retry_shows_no_etag_of_a_later_change(api: "Api", new_item: dict[str, Any]) -> None:
    path, first = path_of(new_item), first_change()
    changed = api("PATCH", path, first.body, invocation_id=FIRST)
    same = api("PATCH", path, first.body, invocation_id=FIRST)
    assert same.headers["ETag"] == changed.headers["ETag"]
    later = next((each for each in EXAMPLES.changes if each.source == first.target), None)
    if later is None:
        pytest.skip(f"no {ENTITY.noun} takes two changes")
    change(api, new_item, later)

    retry = api("PATCH", path, first.body, invocation_id=FIRST)

    assert "ETag" not in retry.headers
    assert retry.body == api("GET", path).body


def test_a_key_creates_a_new_item_after_a_deletion(api: "Api") -> None:
    for _ in range(40):
        created = _create(api)
        assert created.status == 201
        assert "Idempotency-Replayed" not in created.headers
        _delete(api, created.body)


def test_a_deleted_items_key_takes_another_body(api: "Api") -> None:
    _delete(api, _create(api).body)

    assert api("POST", ENTITY.path, EXAMPLES.new("another"), headers=KEY).status == 201
