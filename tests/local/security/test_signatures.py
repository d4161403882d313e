"""Each route accepts requests that are signed by a role with the right policy, and no others."""

import dataclasses
import datetime
import json
import uuid
from collections.abc import Iterator
from functools import partial

import pytest
from botocore import auth
from botocore.credentials import Credentials

from common.crud.entity import Entity
from common.entities import ENTITIES
from infra.spec.routes import ROUTES, Route
from local import aws
from local.examples import curl_examples
from local.run_folder import RunFolder
from tests.support.authorization.every_route import (
    each_route,
    new_item_id,
    refusal_status,
    required_access,
    succeeds,
)
from tests.support.authorization.signature import signed_headers
from tests.support.deployment.ops_command import run_ops
from tests.support.deployment.printed_examples import run_examples
from tests.support.deployment.service import Service, deployed
from tests.support.entities import ENTITY, create, function_for, new_body, path_of
from tests.support.http.caller import Caller, bearer_auth
from tests.support.http.missing_routes import assert_answered
from tests.support.logs.log_groups import access_log_lines, canonical_lines, logged_lines


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """The service, on a stage whose callers sign their requests."""
    with deployed(RunFolder(tmp_path_factory.mktemp("iam")), "iam") as service:
        yield service


@dataclasses.dataclass(frozen=True)
class Role:
    """A role of the account."""

    arn: str

    credentials: Credentials
    """The credentials of a session of the role."""


def create_role(service: Service, *policies: str) -> Role:
    """Create a role with some of the stack's managed policies.

    Args:
        service: The service.
        policies: The names of the outputs with the policies' ARNs.
    """
    iam, name = service.client("iam"), f"caller-{uuid.uuid4().hex[:8]}"
    allow = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": aws.ACCOUNT}}
    arn = iam.create_role(
        RoleName=name,
        AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [allow]}),
    )["Role"]["Arn"]
    for policy in policies:
        iam.attach_role_policy(RoleName=name, PolicyArn=service.outputs[policy])
    return Role(arn, start_session(service, arn))


def start_session(service: Service, role_arn: str) -> Credentials:
    """Assume a role, and return the credentials of the new session."""
    session = service.client("sts").assume_role(
        RoleArn=role_arn, RoleSessionName=f"session-{uuid.uuid4().hex[:8]}"
    )["Credentials"]
    return Credentials(session["AccessKeyId"], session["SecretAccessKey"], session["SessionToken"])


def signing_caller(service: Service, credentials: Credentials | None) -> Caller:
    """Return a caller that signs its requests, or does not sign them without credentials."""
    request_auth = partial(signed_headers, credentials) if credentials else None
    return Caller(service.api_url, service.api_key, "iam", request_auth)


def policy_of(route: Route) -> str:
    """Return the output with the policy that a route should require."""
    return policy(required_access(route), route.entity)


def policy(access: str, entity: Entity) -> str:
    """Return the output with the policy for an access to an entity's items."""
    return f"Authorization{access.capitalize()}{entity.plural_type_name}"


POLICIES = frozenset(map(policy_of, ROUTES))


@pytest.fixture(scope="module")
def reader(service: Service) -> Caller:
    """A caller that may only read."""
    policies = [policy("read", entity) for entity in ENTITIES]
    return signing_caller(service, create_role(service, *policies).credentials)


@pytest.fixture(scope="module")
def writer(service: Service) -> Caller:
    """A caller that may only write."""
    policies = [policy("write", entity) for entity in ENTITIES]
    return signing_caller(service, create_role(service, *policies).credentials)


@each_route
def test_a_route_refuses_an_unsigned_request(
    route: Route, service: Service, writer: Caller
) -> None:
    item_id = new_item_id(writer, route.entity)
    assert refusal_status(route, signing_caller(service, None), item_id) == 403
    token_caller = Caller(service.api_url, service.api_key, "iam", bearer_auth("x"))
    assert refusal_status(route, token_caller, item_id) == 403


@each_route
def test_a_route_refuses_an_invalid_signature(
    route: Route, service: Service, writer: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    item_id = new_item_id(writer, route.entity)
    known = create_role(service, *POLICIES).credentials
    unknown = Credentials("AKIAIOSFODNN7EXAMPLE", "x")
    assert refusal_status(route, signing_caller(service, unknown), item_id) == 403
    forged = Credentials(known.access_key, "forged", known.token)
    assert refusal_status(route, signing_caller(service, forged), item_id) == 403
    with monkeypatch.context() as patch:
        long_ago = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
        patch.setattr(auth, "get_current_datetime", lambda: long_ago)
        assert refusal_status(route, signing_caller(service, known), item_id) == 403


@each_route
def test_a_route_accepts_only_roles_with_its_policy(
    route: Route, service: Service, writer: Caller
) -> None:
    item_id, required = new_item_id(writer, route.entity), policy_of(route)
    for policies in (POLICIES - {required}, ()):
        denied = signing_caller(service, create_role(service, *policies).credentials)
        assert refusal_status(route, denied, item_id) == 403
    allowed = signing_caller(service, create_role(service, required).credentials)
    assert succeeds(route, allowed, item_id)


@each_route
def test_a_signature_without_an_api_key_is_not_enough(
    route: Route, reader: Caller, writer: Caller
) -> None:
    item_id = new_item_id(writer, route.entity)
    allowed = reader if required_access(route) == "read" else writer
    assert refusal_status(route, dataclasses.replace(allowed, api_key=None), item_id) == 403


def test_all_sessions_of_a_role_are_the_same_caller(service: Service) -> None:
    role, other_role = (create_role(service, policy("write", ENTITY)) for _ in range(2))
    body, headers = new_body(), {"Idempotency-Key": uuid.uuid4().hex}

    def create_as(role: Role) -> tuple[int, str, str]:
        caller = signing_caller(service, start_session(service, role.arn))
        response = caller("POST", ENTITY.path, body, headers=headers)
        request_id = response.headers["X-Request-Id"]
        (line,) = canonical_lines(logged_lines(service, function_for("POST"), request_id))
        assert line["caller"] == response.body["created_by"]
        (access_line,) = access_log_lines(service, request_id)
        assert access_line["caller"].rpartition("/")[0] == line["caller"]
        return response.status, response.body[ENTITY.id_field], response.body["created_by"]

    first, again, other = create_as(role), create_as(role), create_as(other_role)
    assert (first[0], again[0], other[0]) == (201, 200, 201)
    assert first[1:] == again[1:]
    assert other[1] != first[1]
    assert first[2].endswith(f":assumed-role/{role.arn.rpartition('/')[2]}")


def test_every_caller_reads_the_same_item(service: Service, writer: Caller) -> None:
    path = path_of(create(writer))
    roles = [create_role(service, policy("read", ENTITY)) for _ in range(2)]
    callers = [signing_caller(service, role.credentials) for role in roles]
    first, second = (caller("GET", path) for caller in callers)
    assert first.text == second.text


def test_a_missing_route_needs_no_signature(service: Service, reader: Caller) -> None:
    assert reader("GET", "/nowhere").status == 404
    assert_answered(service.api_url)


def test_the_printed_examples_work(service: Service) -> None:
    statuses = [each.status for each in curl_examples(service.endpoint) if each.status]
    assert run_examples(service) == statuses


def test_the_smoke_test_authenticates_itself(service: Service) -> None:
    command = run_ops(service, "smoke", "--json")
    assert command.returncode == 0, command.stdout
    assert json.loads(command.stdout)["passed"] is True
