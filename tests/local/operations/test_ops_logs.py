"""``ops logs`` as somebody types it: against this machine, and against a stage on AWS."""

import json
import os
import subprocess
import sys
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from infra.spec.paths import PROJECT
from infra.spec.stages import REGION
from local import aws
from ops import deployment
from ops.__main__ import app
from tests.support.deployment.service import Service
from tests.support.http.caller import Caller


def ops(home: Path, *words: str) -> Result:
    return CliRunner().invoke(
        app, words, env={deployment.RUN_FOLDER_VARIABLE: str(home), "TZ": "UTC"}
    )


@pytest.fixture(scope="module")
def job_id(call: Caller) -> str:
    """A job that was registered, and then changed as it cannot be."""
    job = {"pipeline": "searched", "input_uri": "s3://in/1"}
    job_id: str = call("POST", "/jobs", job).body["job_id"]
    assert call("PATCH", f"/jobs/{job_id}", {"status": "SUCCEEDED"}).status == 409
    return job_id


def test_the_lines_of_a_job_are_shown_readably_oldest_first(service: Service, job_id: str) -> None:
    done = ops(service.run_folder.path, "logs", "--since", "2h", "--job-id", job_id)

    assert done.exit_code == 0
    created, registered, refused = done.stdout.splitlines()
    today = f"{datetime.now(UTC):%Y-%m-}"
    assert all(line.startswith(today) for line in (created, registered, refused))
    assert "INFO    POST /jobs             job created" in created
    assert "INFO    POST /jobs             201" in registered
    assert "WARNING PATCH /jobs/{job_id}   409" in refused
    assert "pipeline=searched" in created


def test_machines_get_the_lines_as_they_were_logged(service: Service, job_id: str) -> None:
    done = ops(service.run_folder.path, "logs", "--job-id", job_id, "--json", "--level", "warning")

    (line,) = [json.loads(line) for line in done.stdout.splitlines()]
    assert (line["status"], line["level"]) == (409, "WARNING")
    assert done.exit_code == 0


def test_filters_are_combined(service: Service, job_id: str) -> None:
    def count(*words: str) -> int:
        done = ops(service.run_folder.path, "logs", job_id, "--json", *words)
        assert done.exit_code == 0, done.output
        return len(done.stdout.splitlines())

    assert count() == 3
    assert count("--function", "create") == 2
    assert count("--function", "create", "--function", "update") == 3
    assert count("--status", "409") == count("--status", "4xx") == 1
    assert count("--status", "409", "--function", "create") == 0
    assert count("--route", "POST /jobs", "--status", "2xx") == 1
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    assert count("--from", "2026-01-01", "--to", "2026-01-02") == 0
    assert count("--since", "1d", "--to", f"{tomorrow:%Y-%m-%d}") == 3
    assert count("--since", "9999w", "--to", "9999-12-31") == 3


def test_one_request_is_found_by_what_its_caller_was_told(service: Service, call: Caller) -> None:
    request_id = call("GET", f"/jobs/{uuid.uuid4()}").headers["X-Request-Id"]

    done = ops(service.run_folder.path, "logs", "--request-id", request_id)

    assert "GET /jobs/{job_id}     404" in done.stdout
    assert done.stdout.count("\n") == 1


def test_that_nothing_was_found_is_said_aside(service: Service, job_id: str) -> None:
    none = ops(service.run_folder.path, "logs", "nobody said that", "--function", "create")
    nothing = ops(
        service.run_folder.path, "logs", "--from", "2026-01-31T10:00", "--to", "2026-02-01"
    )

    assert (none.exit_code, none.stdout) == (nothing.exit_code, nothing.stdout) == (0, "")
    assert none.stderr.startswith("None of ")
    said = "Nothing was archived between 2026-01-31 10:00 and 2026-02-01 00:00 UTC.\n"
    assert " ".join(nothing.stderr.split()) == said.strip()


@pytest.mark.parametrize(
    "words",
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
def test_what_makes_no_sense_is_refused_before_anything_is_asked(
    words: list[str], tmp_path: Path
) -> None:
    done = ops(tmp_path, "logs", *words)

    assert done.exit_code == 2
    assert words[-2].lstrip("-") in done.stderr or "before it begins" in done.stderr


def test_without_a_deployment_the_way_to_one_is_said(tmp_path: Path) -> None:
    done = ops(tmp_path, "logs")

    assert done.exit_code == 1
    assert "Start it with `make up`" in " ".join(done.stderr.split())


def on_aws(environment: Mapping[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "ops", "logs", "--stage", "dev", *words],
        cwd=PROJECT,
        env={"PATH": os.defpath, "AWS_REGION": REGION, **environment},
        capture_output=True,
        text=True,
    )


def test_a_stage_is_searched_with_the_credentials_of_the_environment(
    service: Service, job_id: str
) -> None:
    done = on_aws(aws.environment(service.endpoint.aws_endpoint_url), "--job-id", job_id)

    assert (done.returncode, done.stderr) == (0, "")
    assert len(done.stdout.splitlines()) == 3


def test_who_may_not_read_the_archive_is_told_what_that_takes(service: Service) -> None:
    iam = service.client("iam")
    user = f"curious-{uuid.uuid4().hex[:8]}"
    iam.create_user(UserName=user)
    allow = {"Effect": "Allow", "Action": "cloudformation:DescribeStacks", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
    iam.put_user_policy(UserName=user, PolicyName="look", PolicyDocument=document)
    key = iam.create_access_key(UserName=user)["AccessKey"]

    refused = on_aws(
        {
            "AWS_ENDPOINT_URL": service.endpoint.aws_endpoint_url,
            "AWS_ACCESS_KEY_ID": key["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"],
        }
    )

    assert (refused.returncode, refused.stdout) == (1, "")
    bucket = service.outputs["ArchiveBucketName"]
    assert f"AWS does not let you read s3://{bucket}: you need s3:ListBucket" in refused.stderr
