"""The identity of callers: it is recorded, and reads do not depend on it."""

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.entities import (
    ENTITY,
    EXAMPLES,
    change,
    create,
    first_change,
    path_of,
    replacement,
)
from tests.unit.conftest import Api

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

BODY = EXAMPLES.least
ROLE = "arn:aws:sts::123456789012:assumed-role/worker"
USER = "arn:aws:iam::123456789012:user/team/ana"

CALLERS = {
    "a key": (Api(api_key_id="key-1"), "key-1"),
    "another key": (Api(api_key_id="key-2"), "key-2"),
    "a machine": (Api(subject="4kq2machine"), "4kq2machine"),
    "a person": (Api(subject="f4a8-person"), "f4a8-person"),
    "a role": (Api(signer=f"{ROLE}/session-1"), ROLE),
    "another role": (Api(signer=f"{ROLE}-of-others/session-1"), f"{ROLE}-of-others"),
    "a user of IAM": (Api(signer=USER), USER),
}
each_caller = pytest.mark.parametrize(
    ("api", "identity"), [pytest.param(*caller, id=name) for name, caller in CALLERS.items()]
)


@each_caller
def test_an_item_names_the_caller_that_created_it(api: Api, identity: str) -> None:
    item = create(api)
    assert item["created_by"] == identity
    assert api("GET", path_of(item)).body["created_by"] == identity


def test_a_change_does_not_replace_the_caller_that_created_the_item(api: Api) -> None:
    item = create(api)
    assert change(Api(subject="worker"), item, first_change())["created_by"] == "key-1"


def test_callers_cannot_set_who_created_an_item(api: Api) -> None:
    assert api("POST", ENTITY.path, {**BODY, "created_by": "root"}).status == 400
    item, example = create(api), first_change()
    bodies = {"PUT": replacement(item, example), "PATCH": example.body}
    for method, body in bodies.items():
        response = api(method, path_of(item), {**body, "created_by": "x"})
        assert response.status == 400


def test_an_item_from_before_callers_were_recorded_is_read_listed_and_changed(
    api: Api, table: "Table", new_item: dict[str, Any]
) -> None:
    key = {ENTITY.id_field: new_item[ENTITY.id_field]}
    table.update_item(Key=key, UpdateExpression="REMOVE created_by")
    anonymous_item = {name: value for name, value in new_item.items() if name != "created_by"}
    assert api("GET", path_of(new_item)).body == anonymous_item
    listed = api("GET", ENTITY.path).body["items"]
    assert [item[ENTITY.id_field] for item in listed] == [new_item[ENTITY.id_field]]
    assert api("PATCH", path_of(new_item), first_change().body).status == 200


@each_caller
def test_the_canonical_line_names_the_caller(
    api: Api, identity: str, capsys: pytest.CaptureFixture[str]
) -> None:
    api("GET", ENTITY.path)
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    (line,) = [line for line in lines if line.get("message") == "request"]
    assert (line["caller"], line["api_key_id"]) == (identity, api.api_key_id)


def test_callers_with_the_same_idempotency_key_create_different_items() -> None:
    headers = {"Idempotency-Key": "order-7"}
    responses = [api("POST", ENTITY.path, BODY, headers=headers) for api, _ in CALLERS.values()]
    assert [response.status for response in responses] == [201] * len(CALLERS)
    assert len({response.body[ENTITY.id_field] for response in responses}) == len(CALLERS)


def test_a_caller_keeps_its_identity_in_another_session_or_with_another_api_key() -> None:
    headers = {"Idempotency-Key": "order-7"}
    pairs = (
        (Api(signer=f"{ROLE}/session-1"), Api(signer=f"{ROLE}/session-2")),
        (Api(subject="worker", api_key_id="key-1"), Api(subject="worker", api_key_id="key-2")),
    )
    for first, second in pairs:
        original = first("POST", ENTITY.path, BODY, headers=headers)
        replay = second("POST", ENTITY.path, BODY, headers=headers)
        assert (original.status, replay.status) == (201, 200)
        assert replay.body == original.body


@pytest.mark.parametrize("path", [ENTITY.path, ENTITY.item_path, f"{ENTITY.path}/unknown"])
def test_reads_do_not_depend_on_the_caller(path: str, new_item: dict[str, Any]) -> None:
    responses = [
        api("GET", path.format(**new_item), request_id="request-1") for api, _ in CALLERS.values()
    ]
    assert {(response.status, response.text) for response in responses} == {
        (responses[0].status, responses[0].text)
    }
    assert all(response.headers == responses[0].headers for response in responses)


def test_a_callers_cache_does_not_serve_other_callers(api: Api) -> None:
    assert api("GET", ENTITY.path).headers["Vary"] == "Authorization, X-Api-Key"
