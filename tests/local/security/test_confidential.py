"""The logs contain no confidential value of a request, whether the request succeeds or fails.

At the end of all tests, the fixture ``service`` also searches for the values that any test sent.
"""

import json
import uuid

import pytest

from common.contract import MAX_BODY_BYTES
from infra.spec.routes import FUNCTIONS, routes_of
from infra.spec.schemas import request_schemas
from tests.support.deployment.service import Service
from tests.support.entities import (
    ENTITY,
    EXAMPLES,
    create_with,
    find_conflict,
    find_undeletable,
    first_change,
    function_for,
    new_body,
    path_of,
    replacement,
    replacement_of,
)
from tests.support.http.caller import Caller
from tests.support.http.response import HttpResponse
from tests.support.logs.all_lines import all_lines
from tests.support.logs.confidential import PUBLIC, Confidential
from tests.support.logs.log_groups import logged_lines
from tests.support.logs.marked_bodies import marked


def test_no_request_of_any_route_leaves_its_confidential_values_in_the_logs(
    service: Service, call: Caller
) -> None:
    mark = f"mark-{uuid.uuid4().hex}"
    key, path = {"Idempotency-Key": mark}, ENTITY.path
    schemas = request_schemas(ENTITY)
    body = marked([*EXAMPLES.creates.values()][-1], mark, schemas["create"])
    first = first_change()
    responses = set()

    def send(method: str, path: str, body: object = None, **headers: str) -> HttpResponse:
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        response = call(method, path, body, headers=names)
        responses.add((method, response.status))
        return response

    item_path = path_of(send("POST", path, body, **key).body)
    send("POST", path, body, **key)
    send("POST", path, new_body(), **key)
    send("POST", path, {**body, **dict.fromkeys(ENTITY.schema.fields_of("create"), mark * 100)})
    send("POST", path, {**body, mark: mark})
    send("POST", path, f'{{"{mark}": ')
    send("POST", path, json.dumps(body) + " " * MAX_BODY_BYTES)
    send("POST", path, body, Content_Type="text/plain")
    send("POST", path, body, Content_Type=f"application/{mark}")
    send("POST", path, body, Idempotency_Key=f"{mark} ü".encode().decode("latin-1"))
    for method, change_body in (("PATCH", first.body), ("PUT", replacement_of(first))):
        schema = schemas["patch" if method == "PATCH" else "replace"]
        send(method, item_path, {**change_body, "status": mark})
        send(method, item_path, {**change_body, mark: mark})
        for rule in EXAMPLES.broken_rules:
            if rule.kind == "change":
                send(method, item_path, marked(rule.body, mark, schema))
        send(method, item_path, change_body, If_Match=f'"{mark}"')
        send(method, item_path, change_body, If_Match=mark)
        send(method, f"{path}/{uuid.uuid4()}", marked(change_body, mark, schema))
    for each in EXAMPLES.changes:
        patched, replaced = (create_with(call, each.source) for _ in range(2))
        send("PATCH", path_of(patched), marked(each.body, mark, schemas["patch"]))
        send("PUT", path_of(replaced), marked(replacement_of(each), mark, schemas["replace"]))
    if conflict := find_conflict():
        status, refused = conflict
        item = create_with(call, status)
        send("PATCH", path_of(item), marked(refused.body, mark, schemas["patch"]))
        send("PUT", path_of(item), marked(replacement(item, refused), mark, schemas["replace"]))
    if undeletable := find_undeletable():
        send("DELETE", path_of(create_with(call, undeletable)))
    send("DELETE", item_path, If_Match=f'"{mark}"')
    send("DELETE", f"{path}/{uuid.uuid4()}", If_Match=f'"{mark}"')
    send("GET", item_path, X_Mark=mark)
    send("GET", item_path, x_api_key=mark)
    cursor = send("GET", f"{path}?limit=1").body["next_cursor"]
    send("GET", f"{path}?limit=1&cursor={cursor}")
    send("GET", f"{path}?status={ENTITY.statuses[-1]}&cursor={cursor}")
    send("GET", f"{path}?cursor={mark}")
    send("GET", f"{path}?limit={mark}&status={mark}")
    for function in FUNCTIONS:
        routes = routes_of(function)
        actions = {action for route in routes for action in (*route.table, *route.indexes)}
        with service.denied(function, *actions):
            send("POST", path, body, **key)
            send("PATCH", item_path, marked(first.body, mark, schemas["patch"]))
            send("PUT", item_path, marked(replacement_of(first), mark, schemas["replace"]))
            send("GET", item_path, X_Mark=mark)
            send("GET", f"{path}?limit=1&cursor={cursor}")
            if function == function_for("DELETE"):
                last = send("DELETE", item_path)

    conflicts = {409} if conflict else set()
    for method, statuses in {
        "POST": {200, 201, 400, 413, 415, 422, 500},
        "PATCH": {200, 400, 404, 412, 500} | conflicts,
        "PUT": {200, 400, 404, 412, 500} | conflicts,
        "GET": {200, 400, 403, 500},
        "DELETE": {404, 412, 500} | ({409} if undeletable else set()),
    }.items():
        assert {status for sent, status in responses if sent == method} >= statuses
    logged_lines(service, function_for("DELETE"), last.headers["X-Request-Id"])
    secrets = Confidential()
    secrets.add([mark, cursor, service.api_key, *service.cursor_keys])
    assert not secrets.found_in(all_lines(service))


def test_marks_are_put_wherever_the_schema_allows_them() -> None:
    schema = {
        "additionalProperties": False,
        "properties": {
            "uri": {"type": "string", "pattern": "^s3://"},
            "kind": {"enum": ["a"]},
            "options": {"type": "object"},
            "error": {"additionalProperties": False, "properties": {"code": {"type": "string"}}},
            "lines": {"items": {"properties": {"text": {"maxLength": 5}, "status": {}}}},
        },
    }
    body = {
        "uri": "s3://in",
        "kind": "a",
        "options": {"width": 1},
        "error": {"code": "e"},
        "lines": [{"text": "a", "status": "b"}],
    }
    assert marked(body, "-mark", schema) == {
        "uri": "s3://in-mark",
        "kind": "a",
        "options": {"width": 1, "-mark": [{"deep": "-mark"}]},
        "error": {"code": "e-mark"},
        "lines": [{"text": "a", "status": "b", "-mark": [{"deep": "-mark"}]}],
    }


@pytest.mark.parametrize(
    "line",
    [
        '{"message": "GET s3://in/1"}',
        '{"detail": "{\\"input_uri\\": \\"s3://in/1\\"}"}',
        '{"stack_trace": {"frames": [{"statement": "a caller\'s own words"}]}}',
        "Task timed out: a caller's own words",
        '{"parameters": {"a caller\'s own words": 1}}',
        '{"url": "/path?cursor=bm90IGEgY3Vyc29y"}',
        '{"next": "aXNzdWVkIGN1cnNvcg"}',
        '{"key": "d41d8cd98f00b204e9800998ecf8427e"}',
    ],
)
def test_a_line_with_a_confidential_value_is_found(line: str) -> None:
    confidential = Confidential()
    body = {"input_uri": "s3://in/1", "parameters": [{"a": "a caller's own words"}]}
    confidential.add_request("/path", body, {"X-Api-Key": "d41d8cd98f00b204e9800998ecf8427e"})
    confidential.add_request("/path?limit=1&cursor=bm90IGEgY3Vyc29y", None, {})
    confidential.add_response('{"items":[],"next_cursor":"aXNzdWVkIGN1cnNvcg"}')

    assert len(confidential.found_in([line])) == 1
    assert not confidential.found_in([f'{{"request_id": "{uuid.uuid4()}"}}'])


def test_public_and_short_values_are_not_confidential() -> None:
    confidential = Confidential()
    public = dict.fromkeys(PUBLIC, "a-status-or-filter")
    confidential.add_request("/path", public, {})
    confidential.add_request("/path", {"parameters": {"width": "large"}}, {})

    lines = [json.dumps({**public, "detail": "large, a-status-or-filter"})]
    assert not confidential.found_in(lines)


def test_only_the_newest_values_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.support.logs.confidential.MAX_VALUES", 2)
    confidential = Confidential()
    confidential.add([f"confidential {n}" for n in range(3)])

    lines = [f'{{"detail": "confidential {n}"}}' for n in range(3)]
    assert confidential.found_in(lines).keys() == {"confidential 1", "confidential 2"}
