"""The life of a stack beside its first deployment, with the commands that people type.

The embedded AWS behaves as AWS does: it refuses to delete a protected stack and to create a log
group that exists, retains what the template says, and serves an API as of its last deployment.
"""

import urllib.error
import urllib.request
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path

import pytest

from common.entities import ENTITIES
from infra.spec import routes
from infra.spec.service import PASCAL_NAME, SERVICE_NAME
from infra.spec.stages import STAGES
from local.deploy import find_endpoint
from tests.support.deployment.project_copy import copied_file
from tests.support.deployment.typed_commands import Account, empty_account
from tests.support.entities import ENTITY, function_for

PROD = STAGES["prod"].stack
LAST_LOG_GROUP = f"/aws/lambda/{SERVICE_NAME}-prod-{function_for('PATCH')}"
"""The log group that is created last, after the tables and the cursor key."""

DATA_RESOURCES = {"tables": len(ENTITIES), "pools": 1, "buckets": 3, "keys": 1}

CURSOR_KEY = f"/{SERVICE_NAME}/prod/cursor-key"

HISTORY_ROUTE = f"""
from dataclasses import replace

ROUTES = (
    *ROUTES,
    replace(
        next(route for route in ROUTES if route.operation == "read{ENTITY.type_name}"),
        path="{ENTITY.item_path}/history",
        function="history",
        operation="readHistory",
    ),
)
"""
HISTORY_FUNCTION = """
def handler(event, context):
    return {"statusCode": 418, "body": ""}
"""


@pytest.fixture
def account(tmp_path: Path) -> Iterator[Account]:
    with empty_account(tmp_path) as account:
        yield account


class Prod:
    """The stage prod in an account, synthesized once."""

    def __init__(self, account: Account) -> None:
        self._account = account
        assembly = "cdk.out/assembly"
        synthesis = f"npx cdk synth --quiet --no-validation -c stage=prod -o {assembly}"
        account.succeed(f"{synthesis} -c credentials=cli")
        self._options = f"STAGE=prod YES=1 CDK='node_modules/.bin/cdk --app {assembly}'"
        account.succeed(f"make bootstrap {self._options}")

    def deploy(self, *options: str) -> str:
        return self._account.succeed(" ".join(["make deploy", self._options, *options]))

    def fail_to_deploy(self) -> None:
        output = self._account.fail(f"make deploy {self._options}")
        assert f"identifier '{LAST_LOG_GROUP}' already exists" in output
        stack = self._account.stack(PROD)
        assert (stack["StackStatus"], stack["EnableTerminationProtection"]) == (
            "ROLLBACK_COMPLETE",
            True,
        )

    def delete(self) -> None:
        assert "is protected against deletion" in self._account.fail(
            f"make destroy {self._options}"
        )
        self._account.client("cloudformation").update_termination_protection(
            StackName=PROD, EnableTerminationProtection=False
        )
        self._account.succeed(f"make destroy {self._options}")

    def tables(self) -> list[str]:
        tables: list[str] = self._account.client("dynamodb").list_tables()["TableNames"]
        return tables

    def data_resources(self) -> dict[str, int]:
        """Return the number of tables, user pools, the stage's buckets, and keys in use."""
        kms = self._account.client("kms")
        keys = [kms.describe_key(KeyId=key["KeyId"]) for key in kms.list_keys()["Keys"]]
        buckets = self._account.client("s3").list_buckets()["Buckets"]
        pools = self._account.client("cognito-idp").list_user_pools(MaxResults=10)["UserPools"]
        return {
            "tables": len(self.tables()),
            "pools": len(pools),
            "buckets": sum(b["Name"].startswith(f"{PASCAL_NAME.lower()}-prod") for b in buckets),
            "keys": sum(key["KeyMetadata"]["KeyState"] == "Enabled" for key in keys),
        }

    def cursor_key(self) -> str:
        """Return the parameter that signs cursors: an unchanged one takes earlier cursors."""
        value: str = self._account.client("ssm").get_parameter(
            Name=CURSOR_KEY, WithDecryption=True
        )["Parameter"]["Value"]
        return value

    def events(self, resource_type: str) -> list[str]:
        """Return the statuses of the stack's resources of a type, oldest first."""
        pages = self._account.client("cloudformation").get_paginator("describe_stack_events")
        events = [e for page in pages.paginate(StackName=PROD) for e in page["StackEvents"]]
        return [e["ResourceStatus"] for e in events[::-1] if e["ResourceType"] == resource_type]


def test_prod_is_deployed_after_a_failure_and_again_after_its_deletion(account: Account) -> None:
    prod, logs = Prod(account), account.client("logs")

    # The first deployment fails and leaves what holds data, and protects it.
    logs.create_log_group(logGroupName=LAST_LOG_GROUP)
    prod.fail_to_deploy()
    assert prod.data_resources() == DATA_RESOURCES
    assert "DELETE_SKIPPED" in prod.events("Custom::CursorKey")

    # The second one works, and nothing is left of the first.
    logs.delete_log_group(logGroupName=LAST_LOG_GROUP)
    output = prod.deploy()
    assert f"{PROD} failed earlier, so it is no longer protected" in output
    stack = account.stack(PROD)
    assert (stack["StackStatus"], stack["EnableTerminationProtection"]) == ("CREATE_COMPLETE", True)
    assert prod.data_resources() == DATA_RESOURCES
    key, tables = prod.cursor_key(), prod.tables()

    # After its deletion, a second creation is rolled back: its key was there before.
    prod.delete()
    assert prod.tables() == tables
    retained = [group["logGroupName"] for group in logs.describe_log_groups()["logGroups"]]
    assert LAST_LOG_GROUP in retained
    for group in {*retained} - {LAST_LOG_GROUP}:
        logs.delete_log_group(logGroupName=group)
    prod.fail_to_deploy()
    assert "CREATE_COMPLETE" in prod.events("Custom::CursorKey")
    assert prod.cursor_key() == key

    # With the import, the new stack takes up log groups and key. (It has new tables on AWS; the
    # emulator generates the same names again.)
    prod.deploy("IMPORT=1")
    assert "IMPORT_COMPLETE" in prod.events("AWS::Logs::LogGroup")
    assert prod.cursor_key() == key


def test_a_removed_route_leaves_the_stage(account: Account) -> None:
    source = copied_file(account.project, routes)
    original = source.read_text()
    before, after = original.split("\nFUNCTIONS:")
    source.write_text(f"{before}{HISTORY_ROUTE}\nFUNCTIONS:{after}")
    function = account.project / "functions" / "history" / "handler.py"
    function.parent.mkdir()
    function.write_text(HISTORY_FUNCTION)
    # The validation of the templates takes as long as the rest of a synthesis.
    cdk = "CDK='CDK_VALIDATION=false node_modules/.bin/cdk -c credentials=cli'"
    deploy = f"make deploy YES=1 {cdk}"
    account.succeed(f"make bootstrap {cdk}")
    account.succeed(deploy)
    assert status_of_history(account) == HTTPStatus.IM_A_TEAPOT

    source.write_text(original)
    # The CDK alone: CloudFormation's deployment still has the route.
    options = "-c credentials=cli -c stage=dev --require-approval never"
    account.succeed(f"CDK_VALIDATION=false npx cdk deploy {options}")
    assert status_of_history(account) >= HTTPStatus.INTERNAL_SERVER_ERROR
    account.succeed(deploy)
    assert status_of_history(account) == HTTPStatus.NOT_FOUND


def status_of_history(account: Account) -> int:
    endpoint = find_endpoint(account.url)
    request = urllib.request.Request(
        f"{endpoint.api_url}{ENTITY.path}/1/history", headers={"x-api-key": endpoint.api_key}
    )
    try:
        with urllib.request.urlopen(request) as response:
            status: int = response.status
            return status
    except urllib.error.HTTPError as error:
        with error:
            return error.code
