"""The secrets of a deployment are only in Parameter Store and API Gateway."""

import json
import re
from collections.abc import Mapping

import pytest

from infra.spec.log_archive import function_prefix
from infra.spec.paths import COMMON
from local.deploy import STACK
from tests.support.deployment.ops_command import run_ops
from tests.support.deployment.service import Service
from tests.support.deployment.stack_contents import stack_contents
from tests.support.entities import ENTITY, create, function_for
from tests.support.http.caller import Caller
from tests.support.logs.log_groups import logged_lines


def create_cursor(call: Caller) -> str:
    """Create two items, and return the cursor to the second page of one item."""
    for _ in range(2):
        create(call)
    cursor: str = call("GET", f"{ENTITY.path}?limit=1").body["next_cursor"]
    return cursor


def test_a_rotation_creates_a_new_key_and_keeps_old_cursors_valid(
    service: Service, call: Caller
) -> None:
    cursor, before = create_cursor(call), service.cursor_keys
    command = run_ops(service, "rotate-cursor-key", "--json")
    assert command.returncode == 0, command.stderr
    output = json.loads(command.stdout)
    assert output["signs_from"] < output["old_cursors_until"]
    (_, *older) = service.cursor_keys
    assert older == before
    page = call("GET", f"{ENTITY.path}?limit=1&cursor={cursor}")
    assert (page.status, len(page.body["items"])) == (200, 1)


def test_a_rotation_prints_when_the_new_key_signs_and_when_old_cursors_expire(
    service: Service,
) -> None:
    command = run_ops(service, "rotate-cursor-key")
    assert command.returncode == 0, command.stderr
    assert re.search(r"signs from +\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC", command.stdout)
    assert re.search(r"cursors end at +\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC", command.stdout)


def test_a_denied_rotation_prints_the_reason_and_changes_nothing(service: Service) -> None:
    iam, before = service.client("iam"), service.cursor_keys
    role = {"RoleName": service.outputs["ParametersCursorKeyRole"], "PolicyName": "denied"}
    denial = {"Effect": "Deny", "Action": "ssm:PutParameter", "Resource": "*"}
    policy = {"Version": "2012-10-17", "Statement": [denial]}
    iam.put_role_policy(**role, PolicyDocument=json.dumps(policy))
    try:
        command = run_ops(service, "rotate-cursor-key")
    finally:
        iam.delete_role_policy(**role)
    assert command.returncode == 1
    assert command.stderr == ("The key was not rotated: PutParameter: AccessDeniedException\n")
    assert service.cursor_keys == before


@pytest.mark.mission("Sensitive values (API keys, credentials) stored in Parameter Store")
def test_no_template_asset_event_output_or_log_line_contains_a_secret(
    service: Service, call: Caller
) -> None:
    before = service.cursor_keys
    assert run_ops(service, "rotate-cursor-key").returncode == 0
    create_cursor(call)
    response = call("GET", f"{ENTITY.path}?cursor=forged")
    assert response.status == 400
    logged_lines(service, function_for("GET"), response.headers["X-Request-Id"])
    contents = dict(stack_contents(service))
    assert_complete(contents, service)
    for secret in {*before, *service.cursor_keys, service.api_key}:
        assert [name for name, text in contents.items() if secret.encode() in text] == []


def assert_complete(contents: Mapping[str, bytes], service: Service) -> None:
    """Check that the search covers every kind of content."""
    key = service.outputs["ParametersCursorKey"]
    log_group = service.outputs["ParametersCursorKeyLogs"]
    assert b"Custom::CursorKey" in contents["template"]
    assert b"Custom::CursorKey" in contents["events"]
    assert key.encode() in contents["outputs"]
    assert b"REPORT" in contents[f"log: {log_group}"]
    assert b"REPORT" in contents[f"log: {service.outputs['WorkersApiKeyLogs']}"]
    assert b"Custom::ApiKey" in contents["events"]
    assert f"assembly: {STACK}.template.json" in contents
    # The layer has no examples.
    modules = {module.name for module in COMMON.rglob("*.py")} - {"examples.py"}
    assert {f"assembly: {module}" for module in modules} <= contents.keys()
    prefix = function_prefix(function_for("GET"))
    assert any(name.startswith(f"archive: {prefix}") for name in contents)
