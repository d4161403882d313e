"""Each route accepts a valid access token with the right scope, and no other."""

import base64
import dataclasses
import uuid

import pytest

from infra.spec.routes import Route
from tests.support.authorization.access_tokens import (
    MachineClient,
    create_machine_client,
    token_caller,
)
from tests.support.authorization.every_route import (
    NEW_JOB,
    call_route,
    each_route,
    new_job_ids,
    refusal_status,
    required_access,
    succeeds,
)
from tests.support.deployment.service import Service
from tests.support.http.caller import Caller
from tests.support.http.missing_routes import assert_answered
from tests.support.logs.log_groups import access_log_lines, canonical_lines, logged_lines
from tests.support.waiting import wait_until


@pytest.fixture(scope="module")
def foreign_machine(service: Service) -> MachineClient:
    """A machine client of another user pool, with scopes of the same names."""
    cognito = service.client("cognito-idp")
    foreign_pool: str = cognito.create_user_pool(PoolName="foreign")["UserPool"]["Id"]
    cognito.create_resource_server(
        UserPoolId=foreign_pool,
        Identifier="jobs",
        Name="jobs",
        Scopes=[{"ScopeName": name, "ScopeDescription": name} for name in ("read", "write")],
    )
    return create_machine_client(service, foreign_pool)


@each_route
def test_a_route_refuses_a_caller_without_a_token(
    route: Route, service: Service, writer: Caller
) -> None:
    job_id = next(new_job_ids(writer))
    for token in (None, "x", "e30.e30.e30"):
        caller = token_caller(service, token)
        assert refusal_status(route, caller, job_id) == 401
        assert call_route(route, caller, job_id).headers["WWW-Authenticate"] == "Bearer"


@each_route
def test_a_route_refuses_a_token_of_another_user_pool(
    route: Route, service: Service, writer: Caller, foreign_machine: MachineClient
) -> None:
    foreigner = token_caller(service, foreign_machine.token(f"jobs/{required_access(route)}"))
    assert refusal_status(route, foreigner, next(new_job_ids(writer))) == 401


@each_route
def test_a_route_refuses_a_token_whose_scope_was_changed(
    route: Route, service: Service, writer: Caller, machine: MachineClient
) -> None:
    wrong_scope = "jobs/write" if required_access(route) == "read" else "jobs/read"
    header, claims, signature = machine.token(wrong_scope).split(".")
    changed_claims = base64.urlsafe_b64decode(claims + "==").replace(
        wrong_scope.encode(), f"jobs/{required_access(route)}".encode()
    )
    encoded_claims = base64.urlsafe_b64encode(changed_claims).decode().rstrip("=")
    forger = token_caller(service, f"{header}.{encoded_claims}.{signature}")
    assert refusal_status(route, forger, next(new_job_ids(writer))) == 401


def test_every_route_refuses_an_expired_token(
    service: Service, user_pool: str, writer: Caller
) -> None:
    # Shorter than the minimum of AWS, which is five minutes.
    brief_machine = create_machine_client(
        service, user_pool, AccessTokenValidity=1, TokenValidityUnits={"AccessToken": "seconds"}
    )
    late_caller = token_caller(service, brief_machine.token("jobs/read jobs/write"))
    wait_until(lambda: late_caller("GET", "/jobs").status == 401)
    job_ids = new_job_ids(writer)
    for route in each_route.args[1]:
        assert refusal_status(route, late_caller, next(job_ids)) == 401


@each_route
def test_a_route_accepts_a_token_with_its_scope_and_refuses_one_with_another(
    route: Route, reader: Caller, writer: Caller
) -> None:
    job_id = next(new_job_ids(writer))
    allowed, denied = (reader, writer) if required_access(route) == "read" else (writer, reader)
    # AWS documents neither.
    assert refusal_status(route, denied, job_id) in {401, 403}
    assert succeeds(route, allowed, job_id)


@each_route
def test_a_token_without_an_api_key_is_not_enough(
    route: Route, reader: Caller, writer: Caller
) -> None:
    allowed = reader if required_access(route) == "read" else writer
    keyless = dataclasses.replace(allowed, api_key=None)
    assert refusal_status(route, keyless, next(new_job_ids(writer))) == 403


def test_a_preflight_request_needs_no_token(service: Service) -> None:
    preflight = token_caller(service, None)("OPTIONS", "/jobs")
    assert preflight.status == 204
    assert "Authorization" in preflight.headers["Access-Control-Allow-Headers"]


def test_an_unknown_path_is_not_found_with_and_without_a_token(
    service: Service, reader: Caller
) -> None:
    for caller in (reader, token_caller(service, None)):
        assert caller("GET", "/nowhere").status == 404
    assert_answered(service.api_url)


def test_two_machines_with_the_same_idempotency_key_create_two_jobs(
    service: Service, user_pool: str, machine: MachineClient
) -> None:
    headers = {"Idempotency-Key": uuid.uuid4().hex}
    other_machine = create_machine_client(service, user_pool)
    results: dict[str, list[tuple[int, str]]] = {}
    for client in (machine, machine, other_machine):
        caller = token_caller(service, client.token("jobs/write"))
        response = caller("POST", "/jobs", NEW_JOB, headers=headers)
        request_id = response.headers["X-Request-Id"]
        (line,) = canonical_lines(logged_lines(service, "create", request_id))
        assert line["caller"] == response.body["created_by"] == client.id
        (access_line,) = access_log_lines(service, request_id)
        assert access_line["caller"] == client.id
        results.setdefault(client.id, []).append((response.status, response.body["job_id"]))
    (first, again), (other,) = results[machine.id], results[other_machine.id]
    assert (first[0], again[0], other[0]) == (201, 200, 201)
    assert first[1] == again[1] != other[1]


def test_every_caller_reads_the_same_job(
    service: Service, user_pool: str, reader: Caller, writer: Caller
) -> None:
    job_id = next(new_job_ids(writer))
    other_machine = create_machine_client(service, user_pool)
    other_reader = token_caller(service, other_machine.token("jobs/read"))
    assert reader("GET", f"/jobs/{job_id}").text == other_reader("GET", f"/jobs/{job_id}").text
