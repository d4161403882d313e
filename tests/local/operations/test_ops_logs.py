"""``ops logs`` on the local run, and on a stage of AWS for which the emulator stands in."""

import json
import os
import re
import subprocess
import sys
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

from infra.spec.paths import PROJECT
from infra.spec.service import REGION
from local import aws
from local.lambda_runtime.gateway_event import gateway_event
from tests.support.deployment.ops_command import invoke_ops
from tests.support.deployment.service import Service
from tests.support.entities import ENTITY, create, first_change, function_for, path_of
from tests.support.http.caller import Caller
from tests.support.logs.log_groups import logged_lines
from tests.support.logs.request_ids import USABLE, shortened

ID_OPTION = f"--{ENTITY.id_field.replace('_', '-')}"
WRITER, CHANGER = function_for("POST"), function_for("PATCH")


def logs(service: Service, *arguments: str) -> Result:
    """Run ``ops logs`` on the local run."""
    return invoke_ops(service.run_folder.path, "logs", *arguments)


@pytest.fixture(scope="module")
def item(call: Caller) -> Mapping[str, Any]:
    """An item with three lines in the archive; the last one is a refused change."""
    item = create(call)
    change, stale = first_change().body, {"If-Match": '"99"'}
    assert call("PATCH", path_of(item), change, headers=stale).status == 412
    return item


@pytest.fixture(scope="module")
def item_id(item: Mapping[str, Any]) -> str:
    """The id of the item."""
    item_id: str = item[ENTITY.id_field]
    return item_id


def test_the_lines_of_an_item_are_printed_readably_oldest_first(
    service: Service, item: Mapping[str, Any], item_id: str
) -> None:
    result = logs(service, "--since", "2h", ID_OPTION, item_id)

    assert result.exit_code == 0
    created, response, refused = result.stdout.splitlines()
    month = f"{datetime.now(UTC):%Y-%m-}"
    assert all(line.startswith(month) for line in (created, response, refused))
    assert re.search(f"INFO    POST {ENTITY.path} +{ENTITY.noun} created", created)
    assert re.search(f"INFO    POST {ENTITY.path} +201", response)
    assert re.search(f"WARNING PATCH {ENTITY.item_path} +412", refused)
    for name in ENTITY.filters:
        assert f"{name}={item[name]}" in created


def test_with_json_the_lines_are_printed_as_they_were_logged(
    service: Service, item_id: str
) -> None:
    result = logs(service, ID_OPTION, item_id, "--json", "--level", "warning")

    (line,) = [json.loads(line) for line in result.stdout.splitlines()]
    assert (line["status"], line["level"]) == (412, "WARNING")
    assert result.exit_code == 0


def test_filters_are_combined(service: Service, item_id: str) -> None:
    def count(*arguments: str) -> int:
        result = logs(service, item_id, "--json", *arguments)
        assert result.exit_code == 0, result.output
        return len(result.stdout.splitlines())

    assert count() == 3
    assert count("--function", WRITER) == 2
    assert count("--function", WRITER, "--function", CHANGER) == 3
    assert count("--status", "412") == count("--status", "4xx") == 1
    assert count("--status", "412", "--function", WRITER) == 0
    assert count("--route", f"POST {ENTITY.path}", "--status", "2xx") == 1
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    assert count("--from", "2026-01-01", "--to", "2026-01-02") == 0
    assert count("--since", "1d", "--to", f"{tomorrow:%Y-%m-%d}") == 3
    assert count("--since", "9999w", "--to", "9999-12-31") == 3


def test_a_request_is_found_by_the_id_in_its_response(service: Service, call: Caller) -> None:
    request_id = call("GET", f"{ENTITY.path}/{uuid.uuid4()}").headers["X-Request-Id"]

    result = logs(service, "--request-id", request_id)

    assert re.search(f"GET {ENTITY.item_path} +404", result.stdout)
    assert result.stdout.count("\n") == 1


@pytest.mark.parametrize("chosen", USABLE, ids=shortened)
def test_a_request_is_found_by_an_id_that_its_caller_chose(service: Service, chosen: str) -> None:
    word = str(uuid.uuid4())
    request_id = word + chosen
    event = gateway_event("GET", f"{ENTITY.path}/{uuid.uuid4()}", request_id=request_id)
    function = service.outputs[f"{function_for('GET').title()}Function"]
    invocation = service.client("lambda").invoke(
        FunctionName=function, Payload=json.dumps(event).encode()
    )
    assert json.load(invocation["Payload"])["headers"]["X-Request-Id"] == request_id
    logged_lines(service, function_for("GET"), word)

    archived = logs(service, "--request-id", request_id, "--json")
    found = invoke_ops(service.run_folder.path, "find", request_id, "--json")

    (line,) = map(json.loads, archived.stdout.splitlines())
    assert line["request_id"] == request_id
    assert (found.exit_code, found.stderr) == (0, "")
    records = json.loads(found.stdout)
    assert [each for each in records["log"] if each.get("message") == "request"] == [line]
    assert records["archive"] == [line]


def test_a_search_without_a_result_is_reported_on_stderr(service: Service, item_id: str) -> None:
    no_match = logs(service, "in no line", "--function", WRITER)
    no_object = logs(service, "--from", "2026-01-31T10:00", "--to", "2026-02-01")

    assert (
        (no_match.exit_code, no_match.stdout) == (no_object.exit_code, no_object.stdout) == (0, "")
    )
    assert no_match.stderr.startswith("None of ")
    message = "Nothing was archived between 2026-01-31 10:00 and 2026-02-01 00:00 UTC.\n"
    assert " ".join(no_object.stderr.split()) == message.strip()


@pytest.mark.parametrize(
    "arguments",
    [
        ["--since", "yesterday"],
        ["--from", "yesterday"],
        ["--from", "0001-01-01T00:00+14:00"],
        ["--since", "100000w"],
        ["--since", "1h", "--from", "2026-01-31"],
        ["--from", "2026-02-01", "--to", "2026-01-31"],
        ["--level", "bad"],
        ["--status", "teapot"],
        ["--route", "GET /nowhere"],
        ["--function", "dance"],
    ],
)
def test_impossible_arguments_are_refused_before_the_deployment_is_looked_up(
    arguments: list[str], tmp_path: Path
) -> None:
    result = invoke_ops(tmp_path, "logs", *arguments)

    assert result.exit_code == 2
    assert arguments[-2].lstrip("-") in result.stderr or "before it begins" in result.stderr


def test_without_a_deployment_it_fails_with_advice(tmp_path: Path) -> None:
    result = invoke_ops(tmp_path, "logs")

    assert result.exit_code == 1
    assert "Start it with `make up`" in " ".join(result.stderr.split())


def logs_of_stage(
    environment: Mapping[str, str], *arguments: str
) -> subprocess.CompletedProcess[str]:
    """Run ``ops logs`` on a stage, with the AWS of an environment."""
    return subprocess.run(
        [sys.executable, "-m", "ops", "logs", "--stage", "dev", *arguments],
        cwd=PROJECT,
        env={"PATH": os.defpath, "AWS_REGION": REGION, **environment},
        capture_output=True,
        text=True,
    )


def test_a_stage_is_searched_with_the_credentials_of_the_environment(
    service: Service, item_id: str
) -> None:
    result = logs_of_stage(aws.environment(service.endpoint.aws_endpoint_url), ID_OPTION, item_id)

    assert (result.returncode, result.stderr) == (0, "")
    assert len(result.stdout.splitlines()) == 3


def test_a_user_who_may_not_read_the_archive_learns_the_missing_permissions(
    service: Service,
) -> None:
    iam = service.client("iam")
    user = f"curious-{uuid.uuid4().hex[:8]}"
    iam.create_user(UserName=user)
    allow = {"Effect": "Allow", "Action": "cloudformation:DescribeStacks", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
    iam.put_user_policy(UserName=user, PolicyName="look", PolicyDocument=document)
    key = iam.create_access_key(UserName=user)["AccessKey"]

    result = logs_of_stage(
        {
            "AWS_ENDPOINT_URL": service.endpoint.aws_endpoint_url,
            "AWS_ACCESS_KEY_ID": key["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"],
        }
    )

    assert (result.returncode, result.stdout) == (1, "")
    bucket = service.outputs["ArchiveBucketName"]
    assert f"AWS does not let you read s3://{bucket}: you need s3:ListBucket" in result.stderr
