"""Jobs that the version before incarnations and marks has stored, and the functions of today.

earlier_items.py has written earlier_items.json.
"""

import json
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from common.aws.clients import client
from common.crud.examples import Change
from tests.support.entities import ENTITY, EXAMPLES, another_body, path_of, replacement

if TYPE_CHECKING:
    from tests.unit.conftest import Api

Earlier = dict[str, Any]

EARLIER: list[Earlier] = json.loads((Path(__file__).parent / "earlier_items.json").read_text())
CHANGES = [
    (earlier, change, method)
    for earlier, change, method in product(EARLIER, EXAMPLES.changes, ("PATCH", "PUT"))
    if earlier["summary"]["status"] == change.source
]
RUNNING = [earlier for earlier in EARLIER if earlier["summary"]["status"] == "RUNNING"]
FIRST = "invocation-1"


def _name(value: Any) -> str:
    if isinstance(value, dict):
        return str(value["name"])
    return value.title if isinstance(value, Change) else str(value)


each_item = pytest.mark.parametrize("earlier", EARLIER, ids=_name)


def _store(earlier: Earlier) -> tuple[str, dict[str, Any]]:
    """Store a job of the earlier version, and return its path and the version's answer."""
    client("dynamodb").put_item(TableName=ENTITY.collection, Item=earlier["stored"])
    item: dict[str, Any] = json.loads(earlier["answer"])
    return path_of(item), item


def _create_again(api: "Api", earlier: Earlier, body: object = None) -> Any:
    headers = {"Idempotency-Key": earlier["key"]} if earlier["key"] else {}
    return api("POST", ENTITY.path, body or earlier["body"], headers=headers)


def _counted(capsys: pytest.CaptureFixture[str]) -> dict[str, float]:
    """Return the metrics of all requests since the last call, besides those of every request."""
    lines = map(json.loads, capsys.readouterr().out.splitlines())
    metrics = [line for line in lines if "_aws" in line]
    names = {
        metric["Name"]
        for line in metrics
        for metric in line["_aws"]["CloudWatchMetrics"][0]["Metrics"]
    }
    others = {"DynamoDBAttempts", "ArchiveUploads", "QueueTime", "RunTime"}
    return {name: sum(sum(line.get(name, [])) for line in metrics) for name in names - others}


@each_item
def test_it_is_read_with_the_etag_that_its_callers_know(api: "Api", earlier: Earlier) -> None:
    path, item = _store(earlier)

    response = api("GET", path)

    assert (response.status, response.body) == (200, item)
    assert response.headers["ETag"] == earlier["etag"]


def test_they_are_listed_as_before(api: "Api") -> None:
    for earlier in EARLIER:
        _store(earlier)

    summaries = [earlier["summary"] for earlier in reversed(EARLIER)]
    for status in (None, *ENTITY.statuses):
        listed: list[dict[str, Any]] = []
        query = {"status": status} if status else {}
        page = api("GET", ENTITY.path, query=query).body
        listed += page["items"]
        while "next_cursor" in page:
            page = api("GET", ENTITY.path, query={**query, "cursor": page["next_cursor"]}).body
            listed += page["items"]
        assert listed == [each for each in summaries if status in {None, each["status"]}]


@each_item
def test_a_retry_of_its_create_is_answered_with_it(api: "Api", earlier: Earlier) -> None:
    path, item = _store(earlier)

    retry = _create_again(api, earlier)
    if not earlier["key"]:
        assert (retry.status, retry.body["version"]) == (201, 1)
        assert path_of(retry.body) != path
        return
    other = _create_again(api, earlier, another_body(json.loads(earlier["body"])))

    assert (retry.status, retry.body) == (200, item)
    assert retry.headers["ETag"] == earlier["etag"]
    assert retry.headers["Idempotency-Replayed"] == "true"
    assert other.status == 422
    assert api("GET", path).body == item


@pytest.mark.parametrize(("earlier", "change", "method"), CHANGES, ids=_name)
def test_each_change_is_made_once(
    earlier: Earlier, change: Any, method: str, api: "Api", capsys: pytest.CaptureFixture[str]
) -> None:
    path, item = _store(earlier)
    body = change.body if method == "PATCH" else replacement(item, change)
    known = {"If-Match": earlier["etag"]}
    capsys.readouterr()

    response = api(method, path, body, headers=known, invocation_id=FIRST)
    counted = _counted(capsys)
    again = api(method, path, body, headers=known, invocation_id=FIRST)

    assert response.status == again.status == 200
    assert response.body["version"] == item["version"] + 1
    assert response.body["status"] == change.target
    assert response.body["parameters"] == item["parameters"]
    assert again.body == response.body == api("GET", path).body
    assert again.headers["ETag"] == response.headers["ETag"] == api("GET", path).headers["ETag"]
    assert response.headers["ETag"] != earlier["etag"]
    assert list(counted.values()) == ([] if change.keeps_status else [1])
    assert api(method, path, body, headers=known).status == 412


@pytest.mark.parametrize("earlier", RUNNING, ids=_name)
def test_an_attempt_is_recognised_after_many_changes_of_others(
    api: "Api", earlier: Earlier
) -> None:
    path, item = _store(earlier)
    report = {"progress": 10}
    assert api("PATCH", path, report, invocation_id=FIRST).status == 200
    for number in range(31):
        assert api("PATCH", path, {"progress": 20 + number}).status == 200

    late = api("PATCH", path, report, invocation_id=FIRST)

    assert late.status == 200
    assert "ETag" not in late.headers
    assert (late.body["progress"], late.body["version"]) == (50, item["version"] + 32)


@each_item
def test_it_is_deleted_once_and_its_key_creates_another(api: "Api", earlier: Earlier) -> None:
    path, item = _store(earlier)
    known = {"If-Match": earlier["etag"]}

    response = api("DELETE", path, headers=known, invocation_id=FIRST)

    if item["status"] not in ENTITY.deletable:
        assert response.status == 409
        assert api("GET", path).body == item
        return
    assert response.status == 204
    assert api("GET", path).status == api("DELETE", path).status == 404
    assert api("GET", ENTITY.path).body == {"items": []}
    created = _create_again(api, earlier)
    assert created.status == 201
    assert (path_of(created.body) == path) is bool(earlier["key"])
    assert api("DELETE", path, headers=known, invocation_id=FIRST).status == 204
    assert api("GET", path_of(created.body)).body == created.body
    if earlier["key"]:
        start = EXAMPLES.changes[0].body
        assert api("PATCH", path, start, headers={"If-Match": '"1"'}).status == 412
