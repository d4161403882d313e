"""PUT and PATCH on an item."""

import time
import uuid
from typing import TYPE_CHECKING, Any

import pytest

from common.crud.examples import BrokenRule, Change
from tests.support.entities import (
    ENTITY,
    EXAMPLES,
    REACHABLE,
    change,
    create_deletable,
    create_with,
    first_change,
    path_of,
    refused_change,
    replacement,
)
from tests.support.specimen import SPECIMEN
from tests.support.specimen.examples import EXAMPLES as SPECIMENS

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

    from tests.unit.conftest import Api

DAY = 86_400


def _change_to(status: str) -> Change:
    """Return a change to a status, which no status may allow."""
    changes = (each for each in EXAMPLES.changes if each.target == status)
    with_status = (each for each in changes if "status" in each.body)
    return next(with_status, Change("", status, status, {"status": status}))


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
@pytest.mark.parametrize("after", ENTITY.statuses)
@pytest.mark.parametrize("before", REACHABLE)
def test_only_the_declared_transitions_succeed(
    before: str, after: str, method: str, api: "Api", table: "Table"
) -> None:
    item = create_with(api, before)
    stored = table.scan()["Items"]
    target = _change_to(after)

    body = replacement(item, target) if method == "PUT" else target.body
    response = api(method, path_of(item), body)

    if after in ENTITY.transitions[before]:
        assert response.status == 200
        assert response.body["status"] == after
        assert response.body["version"] == item["version"] + 1
        assert response.headers["ETag"] == api("GET", path_of(item)).headers["ETag"]
    else:
        assert response.status == 409
        assert before in response.body["detail"]
        assert table.scan()["Items"] == stored


@pytest.mark.parametrize("example", EXAMPLES.changes, ids=lambda change: change.title)
def test_a_change_shows_in_the_answer_and_in_the_next_read(example: Change, api: "Api") -> None:
    before = create_with(api, example.source)

    after = change(api, before, example)

    assert after["updated_at"] >= before["updated_at"]
    given = {name: value for name, value in example.body.items() if value is not None}
    assert given.items() <= after.items()
    assert api("GET", path_of(before)).body == after


@pytest.mark.parametrize("status", REACHABLE)
def test_only_items_with_certain_statuses_expire(status: str, api: "Api") -> None:
    item = create_with(api, status)

    assert ("expires_at" in item) == (status in ENTITY.expires_in)
    if status in ENTITY.expires_in:
        assert abs(item["expires_at"] - (time.time() + 7 * DAY)) < 60


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
@pytest.mark.parametrize(
    "rule",
    [rule for rule in EXAMPLES.broken_rules if rule.kind == "change"],
    ids=lambda rule: str(rule.body),
)
def test_a_body_that_breaks_a_rule_is_refused(
    rule: BrokenRule, method: str, api: "Api", new_item: dict[str, Any]
) -> None:
    status = rule.body.get("status", new_item["status"])
    example = Change("", status, status, rule.body)

    body = replacement(new_item, example) if method == "PUT" else rule.body
    response = api(method, path_of(new_item), body)

    assert response.status == 422
    assert [error["pointer"] for error in response.body["errors"]] == [rule.pointer]
    assert api("GET", path_of(new_item)).body == new_item


@pytest.mark.parametrize(
    ("method", "body", "pointer"),
    [
        ("PUT", {}, "/status"),
        ("PUT", {"status": "NO_SUCH_STATUS"}, "/status"),
        ("PATCH", {}, ""),
        ("PATCH", {"status": None}, "/status"),
        ("PATCH", {"version": 9}, "/version"),
        ("PATCH", {"a/b~c": 9}, "/a~1b~0c"),
        ("PATCH", [], ""),
    ],
)
def test_an_invalid_body_is_refused_and_changes_nothing(
    method: str, body: object, pointer: str, api: "Api", new_item: dict[str, Any]
) -> None:
    response = api(method, path_of(new_item), body)

    assert response.status == 400
    assert pointer in [error["pointer"] for error in response.body["errors"]]
    assert api("GET", path_of(new_item)).body == new_item


def test_a_patch_must_be_a_merge_patch(api: "Api", new_item: dict[str, Any]) -> None:
    response = api(
        "PATCH",
        path_of(new_item),
        first_change().body,
        headers={"Content-Type": "application/json"},
    )

    assert response.status == 415
    assert "application/merge-patch+json" in response.body["detail"]


@pytest.mark.parametrize("if_match", ["{}", "*", '"7", {}', '"abc" , {}', '"a,b", {}'])
def test_a_change_succeeds_when_if_match_allows_the_revision(
    if_match: str, api: "Api", new_item: dict[str, Any]
) -> None:
    path = path_of(new_item)
    headers = {"If-Match": if_match.format(api("GET", path).headers["ETag"])}

    assert api("PATCH", path, first_change().body, headers=headers).status == 200


@pytest.mark.parametrize(
    "if_match", ['"2-{}"', 'W/"1-{}"', '"1"', '"01-{}"', '"1-aaaaaaaa"', '"{}"', '"abc"', '""']
)
def test_a_change_is_refused_when_if_match_allows_only_other_revisions(
    if_match: str, api: "Api", new_item: dict[str, Any]
) -> None:
    path = path_of(new_item)
    incarnation = api("GET", path).headers["ETag"].strip('"').partition("-")[2]

    headers = {"If-Match": if_match.format(incarnation)}
    response = api("PATCH", path, first_change().body, headers=headers)

    assert response.status == 412
    assert api("GET", path).body == new_item


@pytest.mark.parametrize("if_match", ["", " ", ",", ", ,", ["", ""]])
def test_a_change_is_refused_when_if_match_lists_no_etag(
    if_match: str | list[str], api: "Api", new_item: dict[str, Any]
) -> None:
    path = path_of(new_item)

    response = api("PATCH", path, first_change().body, headers={"If-Match": if_match})

    assert response.status == 412
    assert api("GET", path).body == new_item


@pytest.mark.parametrize("empty", ["{},", ",{}", ' , ,{}\t, , "7"', '"7",,{}'])
def test_empty_elements_of_if_match_are_ignored(
    empty: str, api: "Api", new_item: dict[str, Any]
) -> None:
    path = path_of(new_item)
    etag = api("GET", path).headers["ETag"]
    headers = {"If-Match": empty.format(etag)}

    assert api("PATCH", path, first_change().body, headers=headers).status == 200


def test_repeated_lines_of_if_match_are_one_list(api: "Api", new_item: dict[str, Any]) -> None:
    path, body = path_of(new_item), first_change().body
    etag = api("GET", path).headers["ETag"]

    assert api("PATCH", path, body, headers={"If-Match": ['"77"', '"78"']}).status == 412
    assert api("PATCH", path, body, headers={"If-Match": [etag, '"77"']}).status == 200


@pytest.mark.parametrize(
    "if_match",
    [
        *("1", '"1', '"1" "2"', '"1",2', ",".join(['"1"'] * 17), '"\n"', '"1"\n', "\n", "w/"),
        *(
            '*, "1"',
            '"1", *',
            "*, *",
            "*,",
            ["*", '"77"'],
            ['"77"', "*"],
            ["*", "*"],
            ['"77"'] * 17,
        ),
    ],
)
def test_an_invalid_if_match_is_refused(
    if_match: str | list[str], api: "Api", new_item: dict[str, Any]
) -> None:
    response = api("PATCH", path_of(new_item), first_change().body, headers={"If-Match": if_match})

    assert response.status == 400


@pytest.mark.parametrize("tags", ["{}", "W/{}", "*", '"7", {}', ["{}", '"7"']])
@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
def test_a_write_is_refused_when_if_none_match_has_the_items_etag(
    method: str, tags: str | list[str], api: "Api", new_item: dict[str, Any]
) -> None:
    path = path_of(new_item)
    etag = api("GET", path).headers["ETag"]
    lines = [tag.replace("{}", etag) for tag in ([tags] if isinstance(tags, str) else tags)]
    body = replacement(new_item, first_change()) if method == "PUT" else first_change().body

    for if_match in ("*", etag, '"99"'):
        headers = {"If-None-Match": lines, "If-Match": [if_match]}
        assert api(method, path, body, headers=headers).status == 412
    assert api("GET", path).body == new_item


@pytest.mark.parametrize("tags", ['"7"', '"1"', 'W/"7", "abc"', "", ","])
@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
def test_a_write_succeeds_when_if_none_match_has_other_etags(
    method: str, tags: str, api: "Api"
) -> None:
    item = create_deletable(api) if method == "DELETE" else create_with(api, first_change().source)
    body = replacement(item, first_change()) if method == "PUT" else first_change().body

    assert api(method, path_of(item), body, headers={"If-None-Match": tags}).status in {200, 204}


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
def test_a_write_to_an_unknown_item_is_not_found_with_any_if_none_match(
    method: str, api: "Api", new_item: dict[str, Any]
) -> None:
    body = replacement(new_item, first_change()) if method == "PUT" else first_change().body
    path = f"{ENTITY.path}/{uuid.uuid4()}"

    assert api(method, path, body, headers={"If-None-Match": "*"}).status == 404


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
def test_an_invalid_if_none_match_of_a_write_is_refused(
    method: str, api: "Api", new_item: dict[str, Any]
) -> None:
    body = replacement(new_item, first_change()) if method == "PUT" else first_change().body
    headers = {"If-None-Match": ['"77"', "*"]}

    assert api(method, path_of(new_item), body, headers=headers).status == 400
    assert api("GET", path_of(new_item)).body == new_item


def test_a_stale_version_is_reported_before_a_wrong_status(api: "Api") -> None:
    status, refused = refused_change()
    path = path_of(create_with(api, status))

    assert api("PATCH", path, refused.body, headers={"If-Match": '"99"'}).status == 412
    assert api("PATCH", path, refused.body).status == 409


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_an_unknown_item_cannot_be_changed(
    method: str, api: "Api", table: "Table", new_item: dict[str, Any]
) -> None:
    stored = table.scan()["Items"]
    example = first_change()
    body = replacement(new_item, example) if method == "PUT" else example.body
    for item_id in (str(uuid.uuid4()), "no-uuid"):
        assert api(method, f"{ENTITY.path}/{item_id}", body).status == 404
    assert table.scan()["Items"] == stored


def _stored_specimen(specimens: "Api") -> str:
    """Create an item that takes the same change again and again, and return its path."""
    item = specimens("POST", SPECIMEN.path, SPECIMENS.least).body
    path = f"{SPECIMEN.path}/{item[SPECIMEN.id_field]}"
    specimens("PATCH", path, {"status": "STORED"})
    return path


def test_changes_with_the_same_request_id_are_all_applied(specimens: "Api") -> None:
    path = _stored_specimen(specimens)
    specimens("PATCH", path, {"name": "Second"}, request_id="request-1")
    response = specimens("PATCH", path, {"pieces": 7}, request_id="request-1")

    assert (response.status, response.body["pieces"]) == (200, 7)
    item = specimens("GET", path).body
    assert (item["name"], item["version"]) == ("Second", 4)


def test_a_change_that_botocore_sends_twice_is_applied_once(
    api: "Api", new_item: dict[str, Any]
) -> None:
    body = first_change().body
    first = api("PATCH", path_of(new_item), body, invocation_id="invocation-1")
    second = api("PATCH", path_of(new_item), body, invocation_id="invocation-1")

    assert (first.status, second.status) == (200, 200)
    assert second.body == first.body
    assert api("GET", path_of(new_item)).body["version"] == 2


def test_a_change_is_applied_once_despite_other_writes_between_its_attempts(
    specimens: "Api",
) -> None:
    path = _stored_specimen(specimens)
    specimens("PATCH", path, {"pieces": 1}, invocation_id="invocation-1")
    for pieces in range(2, 9):
        specimens("PATCH", path, {"pieces": pieces})

    retry = specimens("PATCH", path, {"pieces": 1}, invocation_id="invocation-1")

    assert retry.status == 200
    assert retry.body == specimens("GET", path).body
    assert retry.body["pieces"] == 8
