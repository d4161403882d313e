"""The credentials of the stack's machine client: where they are stored, and who uses them."""

import json
from collections.abc import Mapping

import pytest

from infra.spec.routes import SCOPES
from local.examples import curl_examples
from ops.access_token import NoAccessToken, fetch_access_token
from ops.deployment import Deployment
from tests.support.authorization.access_tokens import MachineClient, scopes_for, token_caller
from tests.support.deployment.ops_command import run_ops
from tests.support.deployment.printed_examples import run_examples
from tests.support.deployment.service import Service
from tests.support.deployment.stack_contents import stack_contents
from tests.support.entities import ENTITY, function_for, new_body
from tests.support.logs.log_groups import logged_lines


def test_ops_token_prints_only_a_valid_token(
    service: Service, machine_credentials: Mapping[str, str]
) -> None:
    command = run_ops(service, "token")
    assert command.returncode == 0, command.stderr
    (access_token,) = command.stdout.splitlines()
    assert token_caller(service, access_token)("POST", ENTITY.path, new_body()).status == 201
    assert machine_credentials["client_secret"] not in command.stdout + command.stderr


def test_ops_token_can_limit_the_access(service: Service) -> None:
    grant = json.loads(run_ops(service, "token", "--access", "read", "--json").stdout)
    access_token = grant["access_token"]
    assert grant == {"access_token": access_token, "expires_in": 3600, "scope": scopes_for("read")}
    reader = token_caller(service, access_token)
    assert (reader("GET", ENTITY.path).status, reader("POST", ENTITY.path, new_body()).status) == (
        200,
        403,
    )


def test_ops_token_refuses_an_unknown_access(service: Service) -> None:
    command = run_ops(service, "token", "--access", "admin")
    assert (command.returncode, command.stdout) == (2, "")
    assert command.stderr == "There is no access admin. Choose from read, write.\n"


def test_a_failed_token_request_is_reported_without_the_secret(
    service: Service, machine_credentials: Mapping[str, str]
) -> None:
    ssm, name = service.client("ssm"), service.outputs["MachineCredentials"]
    stale = {**machine_credentials, "client_secret": "stale-secret"}
    ssm.put_parameter(Name=name, Value=json.dumps(stale), Type="SecureString", Overwrite=True)
    try:
        with pytest.raises(NoAccessToken, match="invalid_client") as error:
            fetch_access_token(Deployment(service.outputs, service.endpoint.aws_endpoint_url))
    finally:
        ssm.put_parameter(
            Name=name, Value=json.dumps(machine_credentials), Type="SecureString", Overwrite=True
        )
    assert "stale-secret" not in str(error.value)


def test_no_template_asset_event_output_or_log_line_contains_the_secret_or_a_token(
    service: Service, machine_credentials: Mapping[str, str], machine: MachineClient
) -> None:
    access_token = machine.token(scopes_for("read"))
    response = token_caller(service, access_token)("GET", ENTITY.path)
    logged_lines(service, function_for("GET"), response.headers["X-Request-Id"])
    contents = dict(stack_contents(service))
    log_group = service.outputs["AuthorizationUserPoolMachineClientLogs"]
    assert b"REPORT" in contents[f"log: {log_group}"]
    assert machine_credentials["client_id"].encode() in contents["outputs"]
    signature = access_token.rpartition(".")[2]
    for secret in (machine_credentials["client_secret"], access_token, signature):
        assert [name for name, text in contents.items() if secret.encode() in text] == []


def test_one_parameter_contains_everything_that_a_machine_needs(
    service: Service, machine_credentials: Mapping[str, str]
) -> None:
    assert machine_credentials.keys() == {"client_id", "client_secret", "token_url", "scope"}
    assert machine_credentials["token_url"] == f"{service.outputs['SignInUrl']}/oauth2/token"
    assert machine_credentials["scope"] == " ".join(SCOPES)


def test_the_printed_examples_work(service: Service) -> None:
    statuses = [each.status for each in curl_examples(service.endpoint) if each.status]
    assert run_examples(service) == statuses


def test_the_smoke_test_authenticates_itself(service: Service) -> None:
    command = run_ops(service, "smoke", "--json")
    assert command.returncode == 0, command.stdout
    assert json.loads(command.stdout)["passed"] is True
