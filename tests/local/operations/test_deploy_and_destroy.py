"""``make deploy`` and ``make destroy``: credentials, and the buckets that a deletion empties."""

import json
import os
import subprocess
import sys
import uuid
from pathlib import Path
from typing import Any

import pytest

from infra.spec.paths import PROJECT
from local import aws
from tests.support.deployment.service import Service
from tests.support.waiting import WAITER_CONFIG


def empty_buckets(
    *arguments: str, service: Service, answer: str = ""
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tools.empty_buckets", *arguments],
        cwd=PROJECT,
        env={"PATH": os.defpath, **aws.environment(service.endpoint.aws_endpoint_url)},
        input=answer,
        capture_output=True,
        text=True,
    )


class Stack:
    """A stack with two full buckets: it deletes one and retains the other."""

    def __init__(self, service: Service, *, protected: bool = False) -> None:
        self.name = f"buckets-{uuid.uuid4().hex[:8]}"
        self._service = service
        buckets = {
            policy: {"Type": "AWS::S3::Bucket", "DeletionPolicy": policy}
            for policy in ("Delete", "Retain")
        }
        cloudformation = service.client("cloudformation")
        cloudformation.create_stack(
            StackName=self.name,
            TemplateBody=json.dumps({"Resources": buckets}),
            EnableTerminationProtection=protected,
        )
        cloudformation.get_waiter("stack_create_complete").wait(
            StackName=self.name, WaiterConfig=WAITER_CONFIG
        )
        resources = cloudformation.describe_stack_resources(StackName=self.name)["StackResources"]
        self._buckets = {
            each["LogicalResourceId"]: each["PhysicalResourceId"] for each in resources
        }
        for bucket in self._buckets.values():
            s3 = service.client("s3")
            s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
            for _ in range(2):
                s3.put_object(Bucket=bucket, Key="a", Body=b"a")
            s3.delete_object(Bucket=bucket, Key="a")

    def objects(self) -> dict[str, int]:
        """Return the number of versions and delete markers in each bucket."""
        s3 = self._service.client("s3")
        answers: dict[str, Any] = {
            name: s3.list_object_versions(Bucket=bucket) for name, bucket in self._buckets.items()
        }
        return {
            name: len(answer.get("Versions", [])) + len(answer.get("DeleteMarkers", []))
            for name, answer in answers.items()
        }

    def empty(self, *arguments: str, answer: str = "") -> subprocess.CompletedProcess[str]:
        return empty_buckets(*arguments, self.name, service=self._service, answer=answer)


def test_only_the_buckets_that_are_deleted_with_the_stack_are_emptied(service: Service) -> None:
    stack = Stack(service)
    assert stack.empty("--yes").returncode == 0
    assert stack.objects() == {"Delete": 0, "Retain": 3}


def test_nothing_is_deleted_unless_the_name_of_the_stack_is_typed(
    service: Service,
) -> None:
    stack = Stack(service)
    for answer in ("", "y\n", "yes\n"):
        result = stack.empty(answer=answer)
        assert result.returncode == 1
        assert result.stderr == "Nothing was deleted.\n"
    assert stack.objects() == {"Delete": 3, "Retain": 3}
    assert stack.empty(answer=f"{stack.name}\n").returncode == 0
    assert stack.objects() == {"Delete": 0, "Retain": 3}


def test_a_protected_stack_keeps_its_data(service: Service) -> None:
    stack = Stack(service, protected=True)
    result = stack.empty("--yes")
    assert result.returncode == 1
    assert f"{stack.name} is protected against deletion" in result.stderr
    assert stack.objects() == {"Delete": 3, "Retain": 3}


def test_a_stack_that_does_not_exist_has_nothing_to_empty(service: Service) -> None:
    result = empty_buckets("--yes", "no-such-stack", service=service)
    assert (result.returncode, result.stdout) == (0, "")


@pytest.mark.parametrize("command", ["deploy", "destroy"])
def test_without_credentials_make_fails_with_advice(command: str, tmp_path: Path) -> None:
    result = subprocess.run(
        ["make", command],
        cwd=PROJECT,
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(tmp_path),
            "AWS_EC2_METADATA_DISABLED": "true",
        },
        capture_output=True,
        text=True,
    )
    assert result.returncode != 0
    assert result.stderr.startswith("There are no AWS credentials. Log in with `aws sso login`")
    assert result.stdout == ""
