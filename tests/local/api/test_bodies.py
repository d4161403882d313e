"""Bodies that break a rule of their schema, and bodies of answers, on the deployed API."""

import uuid
from http import HTTPStatus
from typing import Any

import pytest
from jsonschema import Draft4Validator

from common.contract import PROBLEM
from common.crud.entity import Entity
from common.crud.examples import examples_of
from common.entities import ENTITIES
from common.web import problems
from infra.spec.routes import ROUTES, Route
from tests.support.deployment.service import Service
from tests.support.entities import (
    another_body,
    create_with,
    find_conflict,
    find_undeletable,
    first_change,
    new_body,
    path_of,
    replacement,
    replacement_of,
)
from tests.support.http.caller import Caller
from tests.support.http.response import HttpResponse
from tests.support.http.response_models import response_models
from tests.support.http.violations import REFUSED_TEXTS, UNKNOWN_FIELD, Violation, violations

NO_ITEM = "0b5f3c1e-0000-4000-8000-000000000000"


@pytest.mark.parametrize(
    ("route", "violation"),
    [
        pytest.param(route, violation, id=f"{route.operation} {violation.pointer} {violation.rule}")
        for route in ROUTES
        for violation in violations(route)
    ],
)
def test_a_body_that_breaks_a_rule_of_its_schema_gets_the_pointer(
    route: Route, violation: Violation, call: Caller
) -> None:
    path = route.path.replace(f"{{{route.entity.id_field}}}", NO_ITEM)
    response = call(route.method, path, violation.body)
    assert response.status == HTTPStatus.BAD_REQUEST, response.text
    assert response.headers["Content-Type"] == PROBLEM
    pointers = {error["pointer"] for error in response.body["errors"]}
    assert pointers == {violation.pointer}
    assert not REFUSED_TEXTS & set(response.text.split('"')), "a value is repeated"


@pytest.mark.parametrize("entity", ENTITIES, ids=lambda entity: entity.plural)
def test_the_answers_of_each_route_are_valid_under_its_response_models(
    entity: Entity, service: Service, call: Caller
) -> None:
    models = response_models(service)
    statuses: dict[tuple[str, str], set[int]] = {}

    def check(method: str, path: str, response: HttpResponse) -> HttpResponse:
        is_item = path.startswith(f"{entity.path}/")
        route = (method, entity.item_path if is_item else entity.path)
        media, schema = models[route][response.status]
        if schema.get("properties"):
            assert response.headers["Content-Type"] == media
            Draft4Validator(schema).validate(response.body)
        else:
            assert response.text == ""
        statuses.setdefault(route, set()).add(response.status)
        return response

    def send(
        method: str, path: str, body: Any = None, caller: Caller = call, **headers: str
    ) -> HttpResponse:
        response = caller(
            method, path, body, headers={k.replace("_", "-"): v for k, v in headers.items()}
        )
        return check(method, path, response)

    def new_path(status: str) -> str:
        return path_of(create_with(call, status, entity), entity)

    examples = examples_of(entity)
    change = first_change(entity)
    key = uuid.uuid4().hex
    body = new_body(entity)
    item = send("POST", entity.path, body, Idempotency_Key=key).body
    replacing = replacement(item, change, entity)
    path = path_of(item, entity)
    send("POST", entity.path, body, Idempotency_Key=key)
    send("POST", entity.path, another_body(body, entity), Idempotency_Key=key)
    for method, where in (("POST", entity.path), ("PUT", path), ("PATCH", path)):
        send(method, where, {UNKNOWN_FIELD: "red"})
        send(method, where, " " * 40_000)
        send(method, where, "{}", Content_Type="text/plain")
    broken: dict[str, HTTPStatus] = {}
    for rule in examples.broken_rules:
        if rule.kind == "create":
            assert send("POST", entity.path, rule.body).status == problems.RULE_BROKEN.status
        else:
            assert send("PATCH", path, rule.body).status == problems.RULE_BROKEN.status
            broken["PATCH"] = problems.RULE_BROKEN.status
            if "status" in rule.body:
                send("PUT", path, {**replacing, **rule.body})
                broken["PUT"] = problems.RULE_BROKEN.status
    send("GET", f"{entity.path}?limit=1")
    send("GET", f"{entity.path}?limit=x")
    send("GET", path)
    send("GET", path, If_None_Match="*")
    send("PUT", path, replacing, If_Match='"7"')
    send("PATCH", path, change.body, If_Match='"7"')
    send("DELETE", path, If_Match='"7"')
    send("PATCH", path, change.body)
    send("PUT", new_path(change.source), replacing)
    if refused := find_conflict(entity):
        send("PATCH", new_path(refused[0]), refused[1].body)
        send("PUT", new_path(refused[0]), replacement_of(refused[1], entity))
    if undeletable := find_undeletable(entity):
        send("DELETE", new_path(undeletable))
    send("DELETE", path, If_Match="broken")
    send("GET", path)
    for status in entity.deletable:
        path = new_path(status)
        send("DELETE", path)
    path = f"{entity.path}/{NO_ITEM}"
    for method in ("GET", "DELETE"):
        send(method, path)
    send("PUT", path, replacing)
    send("PATCH", path, change.body)
    keyless = Caller(service.api_url, None)
    routes = [route for route in ROUTES if route.entity is entity]
    for route in routes:
        send(route.method, route.path.replace(entity.item_path, path), caller=keyless)

    # A status that no item of this entity can lead to.
    impossible = {
        ("PUT", problems.RULE_BROKEN): "PUT" not in broken,
        ("PATCH", problems.RULE_BROKEN): "PATCH" not in broken,
        ("PUT", problems.STATUS_CONFLICT): not (refused and "status" in refused[1].body),
        ("PATCH", problems.STATUS_CONFLICT): not refused,
        ("DELETE", problems.STATUS_CONFLICT): not undeletable,
    }
    for route in routes:
        kinds = [kind for kind in route.problems if not impossible.get((route.method, kind))]
        answers = {*route.answers} if route.method != "DELETE" or entity.deletable else set()
        if route.method in {"PUT", "PATCH"}:
            # The item was deleted before the service repeated a call whose answer was lost.
            answers -= {HTTPStatus.NO_CONTENT}
        expected = {*answers, *(kind.status for kind in kinds), HTTPStatus.FORBIDDEN}
        assert statuses[route.method, route.path] >= expected, route.operation
