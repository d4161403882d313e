"""Each route accepts a valid access token with the right scope, and no other."""

import base64
import dataclasses
import uuid

import pytest

from common.entities import ENTITIES
from infra.spec.routes import ACCESSES, ROUTES, SCOPES, Route
from tests.support.authorization.access_tokens import (
    MachineClient,
    create_machine_client,
    token_caller,
)
from tests.support.authorization.every_route import (
    call_route,
    each_route,
    new_item_id,
    refusal_status,
    required_access,
    required_scope,
    succeeds,
)
from tests.support.deployment.service import Service
from tests.support.entities import ENTITY, create, function_for, new_body, path_of
from tests.support.http.caller import Caller
from tests.support.http.missing_routes import assert_answered
from tests.support.logs.log_groups import access_log_lines, canonical_lines, logged_lines
from tests.support.waiting import wait_until


@pytest.fixture(scope="module")
def foreign_machine(service: Service) -> MachineClient:
    """A machine client of another user pool, with scopes of the same names."""
    cognito = service.client("cognito-idp")
    foreign_pool: str = cognito.create_user_pool(PoolName="foreign")["UserPool"]["Id"]
    for entity in ENTITIES:
        cognito.create_resource_server(
            UserPoolId=foreign_pool,
            Identifier=entity.collection,
            Name=entity.collection,
            Scopes=[{"ScopeName": name, "ScopeDescription": name} for name in ACCESSES],
        )
    return create_machine_client(service, foreign_pool)


@each_route
def test_a_route_refuses_a_caller_without_a_token(
    route: Route, service: Service, writer: Caller
) -> None:
    item_id = new_item_id(writer, route.entity)
    for token in (None, "x", "e30.e30.e30"):
        caller = token_caller(service, token)
        assert refusal_status(route, caller, item_id) == 401
        assert call_route(route, caller, item_id).headers["WWW-Authenticate"] == "Bearer"


@each_route
def test_a_route_refuses_a_token_of_another_user_pool(
    route: Route, service: Service, writer: Caller, foreign_machine: MachineClient
) -> None:
    foreigner = token_caller(service, foreign_machine.token(required_scope(route)))
    assert refusal_status(route, foreigner, new_item_id(writer, route.entity)) == 401


@each_route
def test_a_route_refuses_a_token_whose_scope_was_changed(
    route: Route, service: Service, writer: Caller, machine: MachineClient
) -> None:
    collection, access = required_scope(route).split("/")
    wrong_scope = f"{collection}/{'write' if access == 'read' else 'read'}"
    header, claims, signature = machine.token(wrong_scope).split(".")
    changed_claims = base64.urlsafe_b64decode(claims + "==").replace(
        wrong_scope.encode(), required_scope(route).encode()
    )
    encoded_claims = base64.urlsafe_b64encode(changed_claims).decode().rstrip("=")
    forger = token_caller(service, f"{header}.{encoded_claims}.{signature}")
    assert refusal_status(route, forger, new_item_id(writer, route.entity)) == 401


def test_every_route_refuses_an_expired_token(
    service: Service, user_pool: str, writer: Caller
) -> None:
    # Shorter than the minimum of AWS, which is five minutes.
    brief_machine = create_machine_client(
        service, user_pool, AccessTokenValidity=1, TokenValidityUnits={"AccessToken": "seconds"}
    )
    late_caller = token_caller(service, brief_machine.token(" ".join(SCOPES)))
    wait_until(lambda: late_caller("GET", ENTITY.path).status == 401)
    for route in ROUTES:
        assert refusal_status(route, late_caller, new_item_id(writer, route.entity)) == 401


@each_route
def test_a_route_accepts_a_token_with_its_scope_and_refuses_one_with_another(
    route: Route, service: Service, machine: MachineClient, writer: Caller
) -> None:
    item_id, required = new_item_id(writer, route.entity), required_scope(route)
    others = " ".join(scope for scope in SCOPES if scope != required)
    # AWS documents neither.
    assert refusal_status(route, token_caller(service, machine.token(others)), item_id) in {
        401,
        403,
    }
    assert succeeds(route, token_caller(service, machine.token(required)), item_id)


@each_route
def test_a_token_without_an_api_key_is_not_enough(
    route: Route, reader: Caller, writer: Caller
) -> None:
    allowed = reader if required_access(route) == "read" else writer
    keyless = dataclasses.replace(allowed, api_key=None)
    assert refusal_status(route, keyless, new_item_id(writer, route.entity)) == 403


def test_a_preflight_request_needs_no_token(service: Service) -> None:
    preflight = token_caller(service, None)("OPTIONS", ENTITY.path)
    assert preflight.status == 204
    assert "Authorization" in preflight.headers["Access-Control-Allow-Headers"]


def test_an_unknown_path_is_not_found_with_and_without_a_token(
    service: Service, reader: Caller
) -> None:
    for caller in (reader, token_caller(service, None)):
        assert caller("GET", "/nowhere").status == 404
    assert_answered(service.api_url)


def test_two_machines_with_the_same_idempotency_key_create_two_items(
    service: Service, user_pool: str, machine: MachineClient
) -> None:
    body, headers = new_body(), {"Idempotency-Key": uuid.uuid4().hex}
    other_machine = create_machine_client(service, user_pool)
    results: dict[str, list[tuple[int, str]]] = {}
    for client in (machine, machine, other_machine):
        caller = token_caller(service, client.token(f"{ENTITY.collection}/write"))
        response = caller("POST", ENTITY.path, body, headers=headers)
        request_id = response.headers["X-Request-Id"]
        (line,) = canonical_lines(logged_lines(service, function_for("POST"), request_id))
        assert line["caller"] == response.body["created_by"] == client.id
        (access_line,) = access_log_lines(service, request_id)
        assert access_line["caller"] == client.id
        result = (response.status, response.body[ENTITY.id_field])
        results.setdefault(client.id, []).append(result)
    (first, again), (other,) = results[machine.id], results[other_machine.id]
    assert (first[0], again[0], other[0]) == (201, 200, 201)
    assert first[1] == again[1] != other[1]


def test_every_caller_reads_the_same_item(
    service: Service, user_pool: str, reader: Caller, writer: Caller
) -> None:
    path = path_of(create(writer))
    other_machine = create_machine_client(service, user_pool)
    other_reader = token_caller(service, other_machine.token(f"{ENTITY.collection}/read"))
    assert reader("GET", path).text == other_reader("GET", path).text
