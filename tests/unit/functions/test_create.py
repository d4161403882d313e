"""POST on a collection."""

import re
from typing import TYPE_CHECKING
from urllib.parse import urljoin

import pytest

from common.crud.examples import BrokenRule, invalid_body
from tests.support.entities import (
    ENTITY,
    EXAMPLES,
    INITIAL,
    another_body,
    first_change,
    new_body,
    path_of,
)

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

    from tests.support.http.response import HttpResponse
    from tests.unit.conftest import Api

KEY = {"Idempotency-Key": "order-7"}


@pytest.mark.parametrize("title", EXAMPLES.creates)
def test_a_new_item_has_version_1_and_is_readable_at_its_location(title: str, api: "Api") -> None:
    body = EXAMPLES.creates[title]

    response = api("POST", ENTITY.path, body)

    assert response.status == 201
    assert re.fullmatch(r'"1-[\w-]{8}"', response.headers["ETag"])
    item = response.body
    assert response.headers["Location"] == f"{ENTITY.collection}/{item[ENTITY.id_field]}"
    assert item == {
        **ENTITY.schema.defaults,
        **body,
        ENTITY.id_field: item[ENTITY.id_field],
        "status": INITIAL,
        "version": 1,
        "created_at": item["created_at"],
        "updated_at": item["created_at"],
        "created_by": "key-1",
    }
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", item["created_at"])
    assert api("GET", "/" + response.headers["Location"]).body == item


@pytest.mark.parametrize("path", [ENTITY.path, f"{ENTITY.path}/"])
def test_the_location_leads_to_the_item_with_and_without_a_slash_at_the_end(
    path: str, api: "Api"
) -> None:
    for status in (201, 200):
        response = api("POST", path, EXAMPLES.least, headers=KEY)

        location = urljoin(f"https://api.example/test{path}", response.headers["Location"])
        assert response.status == status
        assert location == f"https://api.example/test{path_of(response.body)}"


def test_two_creates_with_the_same_idempotency_key_create_one_item(
    api: "Api", table: "Table"
) -> None:
    body = new_body()
    first = api("POST", ENTITY.path, body, headers={"Idempotency-Key": "order-7"})
    second = api("POST", ENTITY.path, body, headers={"idempotency-key": "order-7"})

    assert (first.status, second.status) == (201, 200)
    assert "Idempotency-Replayed" not in first.headers
    assert second.headers["Idempotency-Replayed"] == "true"
    assert second.headers["Location"] == first.headers["Location"]
    assert second.body == first.body
    assert len(table.scan()["Items"]) == 1


def test_a_replay_returns_the_item_in_its_current_state(api: "Api") -> None:
    change = first_change()
    original = api("POST", ENTITY.path, EXAMPLES.least, headers=KEY)
    changed = api("PATCH", "/" + original.headers["Location"], change.body)

    replay = api("POST", ENTITY.path, EXAMPLES.least, headers=KEY)

    assert replay.body["status"] == change.target
    assert replay.headers["ETag"] == changed.headers["ETag"] != original.headers["ETag"]


def test_the_same_idempotency_key_with_another_body_is_refused(api: "Api", table: "Table") -> None:
    api("POST", ENTITY.path, EXAMPLES.least, headers=KEY)
    stored = table.scan()["Items"]

    response = api("POST", ENTITY.path, another_body(EXAMPLES.least), headers=KEY)

    assert response.status == 422
    assert table.scan()["Items"] == stored


def test_two_callers_may_use_the_same_idempotency_key(api: "Api") -> None:
    first = api("POST", ENTITY.path, EXAMPLES.least, headers=KEY)
    api.api_key_id = "key-2"
    second = api("POST", ENTITY.path, EXAMPLES.least, headers=KEY)

    assert second.status == 201
    assert second.body[ENTITY.id_field] != first.body[ENTITY.id_field]


def test_a_create_that_botocore_sends_twice_is_one_create(api: "Api", table: "Table") -> None:
    def create() -> "HttpResponse":
        return api("POST", ENTITY.path, EXAMPLES.least, headers=KEY, invocation_id="invocation-1")

    first, second = create(), create()

    assert (first.status, second.status) == (201, 201)
    assert "Idempotency-Replayed" not in second.headers
    assert len(table.scan()["Items"]) == 1


@pytest.mark.parametrize("key", ["", "with space", "x" * 256, "naïve"])
def test_an_invalid_idempotency_key_is_refused(key: str, api: "Api", table: "Table") -> None:
    response = api("POST", ENTITY.path, EXAMPLES.least, headers={"Idempotency-Key": key})

    assert response.status == 400
    assert table.scan()["Items"] == []


@pytest.mark.parametrize("name", ["Idempotency-Key", "Content-Type"])
def test_a_header_that_is_no_list_may_not_be_repeated(
    name: str, api: "Api", table: "Table"
) -> None:
    value = "application/json"

    response = api("POST", ENTITY.path, EXAMPLES.least, headers={name: [value, value]})

    assert (response.status, response.body["detail"]) == (400, f"{name} must be sent only once.")
    assert table.scan()["Items"] == []


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({**EXAMPLES.least, "a/b~c": 1}, "/a~1b~0c"),
        ({**EXAMPLES.least, ENTITY.id_field: "mine"}, f"/{ENTITY.id_field}"),
        ([], ""),
        ("null", ""),
        *(
            ({name: value for name, value in EXAMPLES.least.items() if name != missing}, missing)
            for missing in ENTITY.schema.required_in("create")
        ),
    ],
)
def test_an_invalid_body_is_refused_with_a_pointer_to_the_error(
    body: object, pointer: str, api: "Api", table: "Table"
) -> None:
    response = api("POST", ENTITY.path, body)

    assert response.status == 400
    assert response.headers["Content-Type"] == "application/problem+json"
    pointers = [error["pointer"].removeprefix("/") for error in response.body["errors"]]
    assert pointer.removeprefix("/") in pointers
    assert table.scan()["Items"] == []


@pytest.mark.parametrize("rule", [rule for rule in EXAMPLES.broken_rules if rule.kind == "create"])
def test_a_body_that_breaks_a_rule_is_refused(rule: BrokenRule, api: "Api") -> None:
    response = api("POST", ENTITY.path, rule.body)

    assert response.status == 422
    assert [error["pointer"] for error in response.body["errors"]] == [rule.pointer]
    assert api("GET", ENTITY.path).body == {"items": []}


@pytest.mark.parametrize(
    "text",
    [
        *("", "{", '{"x": NaN}', '{"x": 1e999}', '{"x": "\\ud800"}', "[" * 20_000, '{"x":' * 700),
        *('{"x": 1e-99999999999999999999}', '{"x": "\\uDFFF\\uD83D"}'),
    ],
)
def test_a_body_that_is_not_json_is_refused(text: str, api: "Api", table: "Table") -> None:
    assert api("POST", ENTITY.path, text).status == 400
    assert table.scan()["Items"] == []


def test_the_invalid_body_of_the_examples_is_refused(api: "Api", table: "Table") -> None:
    assert api("POST", ENTITY.path, invalid_body(ENTITY)).status == 400
    assert table.scan()["Items"] == []


def test_a_body_over_32_kib_is_too_large(api: "Api") -> None:
    assert api("POST", ENTITY.path, " " * 32_769).status == 413


def test_a_body_of_another_media_type_is_refused(api: "Api") -> None:
    response = api("POST", ENTITY.path, EXAMPLES.least, headers={"Content-Type": "text/plain"})

    assert response.status == 415
