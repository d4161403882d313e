"""The routes over HTTP: the real template, deployed to an emulator that enforces IAM."""

import itertools
import uuid
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urljoin

import pytest
from botocore.exceptions import ClientError

from infra.spec.output_names import table_output
from infra.spec.routes import ROUTES
from tests.support.deployment.service import Service
from tests.support.entities import (
    ENTITY,
    EXAMPLES,
    INITIAL,
    another_body,
    create,
    create_with,
    find_conflict,
    first_change,
    new_body,
    path_of,
    replacement,
)
from tests.support.http.caller import Caller
from tests.support.http.uri_reference import is_absolute_path
from tests.support.http.violations import UNKNOWN_FIELD, violations
from tests.support.lists import listed_since, query_of

UNKNOWN = str(uuid.UUID(int=4, version=4))


def _items(service: Service) -> dict[str, Any]:
    """Return all items of the table by id."""
    pages = (
        service.client("dynamodb")
        .get_paginator("scan")
        .paginate(TableName=service.outputs[table_output(ENTITY)])
    )
    return {item[ENTITY.id_field]["S"]: item for page in pages for item in page["Items"]}


@pytest.mark.mission(
    "Performs CRUD operations on DynamoDB",
    "Exposes your Lambda function through RESTful endpoints",
)
def test_an_item_goes_from_its_creation_to_its_deletion(call: Caller) -> None:
    body = {**EXAMPLES.fullest, **EXAMPLES.unique(uuid.uuid4().hex)}
    created = call("POST", ENTITY.path, body)
    path = "/" + created.headers["Location"]
    assert created.status == 201
    version, _, incarnation = created.headers["ETag"].partition("-")
    assert version == '"1'
    assert body.items() <= created.body.items()

    read = call("GET", path)
    assert read.status == 200
    assert read.body == created.body

    last = read
    for number, change in enumerate(EXAMPLES.life(ENTITY.deletable)):
        replaces = number > 0 and not change.keeps_status
        sent = replacement(last.body, change) if replaces else change.body
        changed = call(
            "PUT" if replaces else "PATCH", path, sent, headers={"If-Match": last.headers["ETag"]}
        )
        assert changed.status == 200
        assert changed.headers["ETag"] == f'"{number + 2}-{incarnation}'
        assert changed.body["status"] == change.target
        shown = {name: value for name, value in sent.items() if value is not None}
        assert shown.items() <= changed.body.items()
        assert ("expires_at" in changed.body) == (change.target in ENTITY.expires_in)
        if change.target not in ENTITY.deletable:
            assert call("DELETE", path).status == 409
        last = changed

    if last.body["status"] in ENTITY.deletable:
        assert call("DELETE", path, headers={"If-Match": last.headers["ETag"]}).status == 204
        assert call("GET", path).status == 404


def test_an_item_is_sent_only_if_the_caller_does_not_have_it(call: Caller) -> None:
    item = create(call)
    etag = call("GET", path_of(item)).headers["ETag"]

    same = call("GET", path_of(item), headers={"If-None-Match": f'"7", W/{etag}'})
    assert (same.status, same.text, same.headers["ETag"]) == (304, "", etag)
    assert same.headers["Access-Control-Allow-Origin"] == "*"

    changed = call("PATCH", path_of(item), first_change().body).body
    other = call("GET", path_of(item), headers={"If-None-Match": etag})
    assert (other.status, other.body) == (200, changed)


@pytest.mark.parametrize("path", [ENTITY.path, f"{ENTITY.path}/"])
def test_the_location_of_a_new_item_leads_to_it(path: str, call: Caller) -> None:
    response = call("POST", path, new_body())

    assert response.status == 201
    location = urljoin(f"{call.api_url}{path}", response.headers["Location"])
    assert call("GET", location.removeprefix(call.api_url)).body == response.body


def test_a_list_is_read_page_by_page_newest_first(call: Caller) -> None:
    body = new_body()
    created = [create(call, body)[ENTITY.id_field] for _ in range(5)]

    pages: list[list[str]] = []
    cursor = ""
    for _ in itertools.repeat(None, 3):
        page = call("GET", f"{ENTITY.path}?limit=2{query_of(body)}{cursor}").body
        pages.append([item[ENTITY.id_field] for item in page["items"]])
        if "next_cursor" not in page:
            break
        cursor = f"&cursor={page['next_cursor']}"

    if ENTITY.filters:
        assert "next_cursor" not in page
    else:
        # The last page shows an older item, too.
        pages[2] = pages[2][:1]
    assert pages == [created[:2:-1], created[2:0:-1], created[:1]]


def test_a_list_without_filters_merges_all_statuses(call: Caller) -> None:
    change = next((each for each in EXAMPLES.changes if each.target != INITIAL), None)
    if change is None:
        pytest.skip(f"every {ENTITY.noun} is {INITIAL}")
    new, changed = create(call), create_with(call, change.target)

    newest = call("GET", f"{ENTITY.path}?limit=2").body["items"]

    ids = [changed[ENTITY.id_field], new[ENTITY.id_field]]
    assert [item[ENTITY.id_field] for item in newest] == ids
    for query in ("", query_of(changed)):
        listed = listed_since(call, new, f"&status={change.target}{query}")
        assert [item[ENTITY.id_field] for item in listed] == ids[:1]


def test_a_create_with_an_idempotency_key_happens_once(call: Caller) -> None:
    body = new_body()
    key = {"Idempotency-Key": uuid.uuid4().hex}

    first = call("POST", ENTITY.path, body, headers=key)
    again = call("POST", ENTITY.path, body, headers=key)
    other = call("POST", ENTITY.path, another_body(body), headers=key)

    assert (first.status, again.status, other.status) == (201, 200, 422)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.body == first.body
    assert len(listed_since(call, first.body, query_of(body))) == 1


def _bad_requests() -> Iterator[object]:
    """Yield status, method, path, body and headers of requests about an item in ``{item}``."""
    path, item, body = ENTITY.path, "{item}", EXAMPLES.least
    unknown = f"{path}/{UNKNOWN}"
    patch = EXAMPLES.changes[0].body
    (create_route, patch_route) = (
        next(each for each in ROUTES if (each.entity, each.method) == (ENTITY, method))
        for method in ("POST", "PATCH")
    )
    wrong_type = next(each for each in violations(create_route) if each.rule == "type")
    bad_value = [*violations(patch_route)][-1]
    cases: dict[str, tuple[object, ...]] = {
        "invalid JSON": (400, "POST", path, "{", {}),
        "invalid UTF-8": (400, "POST", path, b"\xff", {}),
        "endless nesting": (400, "POST", path, "[" * 30_000, {}),
        "an unknown field": (400, "POST", path, {**body, UNKNOWN_FIELD: "red"}, {}),
        "a wrong type": (400, "POST", path, wrong_type.body, {}),
        "a bad value": (400, "PATCH", item, bad_value.body, {}),
        "an invalid query": (400, "GET", f"{path}?limit=0", None, {}),
        "a forged cursor": (400, "GET", f"{path}?cursor=AAAA", None, {}),
        "an unknown id, read": (404, "GET", unknown, None, {}),
        "an unknown id, changed": (404, "PATCH", unknown, patch, {}),
        "an unknown id, deleted": (404, "DELETE", unknown, None, {}),
        "an unknown path": (404, "GET", "/nowhere", None, {}),
        "an unknown method": (405, "POST", item, {}, {}),
        "a stale If-Match": (412, "PATCH", item, patch, {"If-Match": '"99"'}),
        "a matching If-None-Match": (412, "PATCH", item, patch, {"If-None-Match": "*"}),
        "a star in a list": (400, "PATCH", item, patch, {"If-Match": '"77", *'}),
        "a compressed body": (415, "POST", path, body, {"Content-Encoding": "gzip"}),
        "a part of a body": (400, "POST", path, body, {"Content-Range": "bytes 0-9/20"}),
        "another media type": (415, "POST", path, body, {"Content-Type": "text/plain"}),
        "a wrong key": (403, "GET", path, None, {"x-api-key": "wrong"}),
    }
    if refused := find_conflict():
        cases["a forbidden transition"] = (409, "PATCH", item, refused[1].body, {})
    for rule in EXAMPLES.broken_rules:
        method, where = ("POST", path) if rule.kind == "create" else ("PATCH", item)
        cases[f"a broken rule, {rule.kind}"] = (422, method, where, rule.body, {})
    for name, case in cases.items():
        yield pytest.param(*case, id=name)


@pytest.fixture(scope="module")
def item(call: Caller) -> dict[str, Any]:
    """An item that does not allow every change, if there is one."""
    refused = find_conflict()
    return create_with(call, refused[0] if refused else INITIAL)


@pytest.mark.parametrize(("status", "method", "path", "body", "headers"), [*_bad_requests()])
def test_a_bad_request_gets_a_problem_and_changes_nothing(
    status: int,
    method: str,
    path: str,
    body: object,
    headers: Mapping[str, str],
    item: dict[str, Any],
    call: Caller,
    service: Service,
) -> None:
    before = _items(service)

    response = call(method, path.replace("{item}", path_of(item)), body, headers=headers)

    _assert_problem(response.status, response.headers, response.body, status)
    assert _items(service) == before


def test_a_request_without_a_key_is_refused(service: Service) -> None:
    response = Caller(service.api_url, api_key=None)("GET", ENTITY.path)

    _assert_problem(response.status, response.headers, response.body, 403)


def _assert_problem(
    status: int, headers: Mapping[str, str], body: dict[str, Any], expected: int
) -> None:
    assert status == expected
    assert headers["Content-Type"] == "application/problem+json"
    assert headers["Access-Control-Allow-Origin"] == "*"
    assert headers["X-Request-Id"] == body["request_id"]
    assert body["status"] == expected
    assert body["title"]
    assert body["detail"]
    assert is_absolute_path(body["instance"])


def test_a_browser_may_send_a_preflight_request(service: Service) -> None:
    response = Caller(service.api_url, api_key=None)(
        "OPTIONS",
        ENTITY.path,
        headers={"Origin": "https://app.example", "Access-Control-Request-Method": "POST"},
    )

    assert response.status == 204
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    assert "POST" in response.headers["Access-Control-Allow-Methods"]
    assert "Idempotency-Key" in response.headers["Access-Control-Allow-Headers"]


def test_the_read_function_may_not_write(service: Service, item: dict[str, Any]) -> None:
    dynamodb = service.client_of("read", "dynamodb")
    key = {ENTITY.id_field: {"S": item[ENTITY.id_field]}}
    table = service.outputs[table_output(ENTITY)]

    assert dynamodb.get_item(TableName=table, Key=key)["Item"]
    with pytest.raises(ClientError, match="AccessDenied"):
        dynamodb.put_item(TableName=table, Item=key)
    with pytest.raises(ClientError, match="AccessDenied"):
        dynamodb.delete_item(TableName=table, Key=key)
    with pytest.raises(ClientError, match="AccessDenied"):
        dynamodb.scan(TableName=table)
