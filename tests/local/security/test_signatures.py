"""Callers who sign their requests with AWS credentials, on a stage that wants them to."""

import dataclasses
import datetime
import json
import os
import subprocess
import uuid
from collections.abc import Iterator
from functools import partial

import pytest
from botocore import auth
from botocore.credentials import Credentials

from infra.spec.paths import PROJECT
from infra.spec.routes import Route
from local import aws
from local.examples import examples
from local.run_folder import Home
from ops.deployment import HOME
from tests.support.authorization.every_route import (
    NEW_JOB,
    each_route,
    new_job_ids,
    refusal_status,
    required_access,
    succeeds,
)
from tests.support.authorization.signature import signed_headers
from tests.support.deployment.printed_examples import run_examples
from tests.support.deployment.service import Service, deployed
from tests.support.http.caller import Caller, bearer_auth
from tests.support.logs.log_groups import access_log_lines, canonical_lines, logged_lines


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """The service, on a stage whose callers sign their requests."""
    with deployed(Home(tmp_path_factory.mktemp("iam")), "iam") as service:
        yield service


@dataclasses.dataclass(frozen=True)
class Role:
    """A role of the account, in a session of its own."""

    arn: str
    credentials: Credentials


def role(service: Service, *policies: str) -> Role:
    """A role with some of the stack's managed policies, by their outputs."""
    iam, name = service.client("iam"), f"caller-{uuid.uuid4().hex[:8]}"
    allow = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": aws.ACCOUNT}}
    arn = iam.create_role(
        RoleName=name,
        AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [allow]}),
    )["Role"]["Arn"]
    for policy in policies:
        iam.attach_role_policy(RoleName=name, PolicyArn=service.outputs[policy])
    return Role(arn, session(service, arn))


def session(service: Service, arn: str) -> Credentials:
    """The credentials of a new session of a role."""
    given = service.client("sts").assume_role(
        RoleArn=arn, RoleSessionName=f"session-{uuid.uuid4().hex[:8]}"
    )["Credentials"]
    return Credentials(given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])


def caller(service: Service, credentials: Credentials | None) -> Caller:
    auth = partial(signed_headers, credentials) if credentials else None
    return Caller(service.api_url, service.api_key, "iam", auth)


@pytest.fixture(scope="module")
def reader(service: Service) -> Caller:
    return caller(service, role(service, "AuthorizationReadJobs").credentials)


@pytest.fixture(scope="module")
def writer(service: Service) -> Caller:
    return caller(service, role(service, "AuthorizationWriteJobs").credentials)


@each_route
def test_a_route_refuses_whoever_has_not_signed(
    route: Route, service: Service, writer: Caller
) -> None:
    job_id = next(new_job_ids(writer))
    assert refusal_status(route, caller(service, None), job_id) == 403
    token = Caller(service.api_url, service.api_key, "iam", bearer_auth("x"))
    assert refusal_status(route, token, job_id) == 403


@each_route
def test_a_route_refuses_a_signature_that_is_not_good(
    route: Route, service: Service, writer: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = next(new_job_ids(writer))
    known = role(service, "AuthorizationReadJobs", "AuthorizationWriteJobs").credentials
    assert (
        refusal_status(route, caller(service, Credentials("AKIAIOSFODNN7EXAMPLE", "x")), job_id)
        == 403
    )
    forged = Credentials(known.access_key, "forged", known.token)
    assert refusal_status(route, caller(service, forged), job_id) == 403
    with monkeypatch.context() as patch:
        long_ago = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
        patch.setattr(auth, "get_current_datetime", lambda: long_ago)
        assert refusal_status(route, caller(service, known), job_id) == 403


@each_route
def test_a_route_is_for_those_whom_its_policy_is_attached_to(
    route: Route, service: Service, reader: Caller, writer: Caller
) -> None:
    job_id = next(new_job_ids(writer))
    allowed, denied = (reader, writer) if required_access(route) == "read" else (writer, reader)
    assert refusal_status(route, denied, job_id) == 403
    assert refusal_status(route, caller(service, role(service).credentials), job_id) == 403
    assert succeeds(route, allowed, job_id)


@each_route
def test_a_signature_without_an_api_key_is_not_enough(
    route: Route, reader: Caller, writer: Caller
) -> None:
    job_id = next(new_job_ids(writer))
    allowed = reader if required_access(route) == "read" else writer
    assert refusal_status(route, dataclasses.replace(allowed, api_key=None), job_id) == 403


def test_a_role_is_the_same_caller_in_each_of_its_sessions(service: Service) -> None:
    one, other = (role(service, "AuthorizationWriteJobs") for _ in range(2))
    keyed = {"Idempotency-Key": uuid.uuid4().hex}

    def create(who: Role) -> tuple[int, str, str]:
        answer = caller(service, session(service, who.arn))("POST", "/jobs", NEW_JOB, headers=keyed)
        (line,) = canonical_lines(logged_lines(service, "create", answer.headers["X-Request-Id"]))
        assert line["caller"] == answer.body["created_by"]
        (access,) = access_log_lines(service, answer.headers["X-Request-Id"])
        assert access["caller"].rpartition("/")[0] == line["caller"]
        return answer.status, answer.body["job_id"], answer.body["created_by"]

    first, again, others = create(one), create(one), create(other)
    assert (first[0], again[0], others[0]) == (201, 200, 201)
    assert first[1:] == again[1:]
    assert others[1] != first[1]
    assert first[2].endswith(f":assumed-role/{one.arn.rpartition('/')[2]}")


def test_what_is_read_is_the_same_for_every_caller(service: Service, writer: Caller) -> None:
    job_id = next(new_job_ids(writer))
    callers = [caller(service, role(service, "AuthorizationReadJobs").credentials) for _ in "ab"]
    first, second = (each("GET", f"/jobs/{job_id}") for each in callers)
    assert first.text == second.text


def test_a_path_that_is_not_there_is_refused_as_one_that_is_not_signed(service: Service) -> None:
    answer = caller(service, None)("GET", "/nowhere")
    assert (answer.status, answer.body["title"]) == (403, "Forbidden")


def test_the_printed_examples_work_when_they_are_pasted(service: Service) -> None:
    assert run_examples(service) == [
        each.status for each in examples(service.endpoint) if each.status
    ]


def test_the_smoke_test_proves_itself(service: Service) -> None:
    done = subprocess.run(
        [PROJECT / ".venv" / "bin" / "ops", "smoke", "--json"],
        env={**os.environ, HOME: str(service.home.folder)},
        capture_output=True,
        text=True,
    )
    assert (done.returncode, json.loads(done.stdout)["passed"]) == (0, True), done.stdout
