"""What an operator's tools do before they touch a deployed stage."""

import json
import os
import subprocess
import sys
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from infra.spec.paths import PROJECT
from local import aws
from tests.support.deployment.service import Service


def tool(
    name: str, *arguments: str, environment: Mapping[str, str], answer: str = ""
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", f"tools.{name}", *arguments],
        cwd=PROJECT,
        env={"PATH": os.defpath, **environment},
        input=answer,
        capture_output=True,
        text=True,
    )


class Stack:
    """A stack with two full buckets, of which it deletes one and retains the other."""

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
            StackName=self.name, WaiterConfig={"Delay": 0.1}
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
        """By bucket, how many versions and delete markers there are."""
        s3 = self._service.client("s3")
        answers: dict[str, Any] = {
            name: s3.list_object_versions(Bucket=bucket) for name, bucket in self._buckets.items()
        }
        return {
            name: len(answer.get("Versions", [])) + len(answer.get("DeleteMarkers", []))
            for name, answer in answers.items()
        }

    def empty(self, *arguments: str, answer: str = "") -> subprocess.CompletedProcess[str]:
        environment = aws.environment(self._service.endpoint.aws_endpoint_url)
        return tool("empty_buckets", *arguments, self.name, environment=environment, answer=answer)


def test_only_the_buckets_that_go_with_the_stack_are_emptied(service: Service) -> None:
    stack = Stack(service)
    assert stack.empty("--yes").returncode == 0
    assert stack.objects() == {"Delete": 0, "Retain": 3}


def test_nothing_is_deleted_unless_the_stack_is_named(service: Service) -> None:
    stack = Stack(service)
    for answer in ("", "y\n", "yes\n"):
        refused = stack.empty(answer=answer)
        assert refused.returncode == 1
        assert refused.stderr == "Nothing was deleted.\n"
    assert stack.objects() == {"Delete": 3, "Retain": 3}
    assert stack.empty(answer=f"{stack.name}\n").returncode == 0
    assert stack.objects() == {"Delete": 0, "Retain": 3}


def test_a_protected_stack_keeps_its_data(service: Service) -> None:
    stack = Stack(service, protected=True)
    refused = stack.empty("--yes")
    assert refused.returncode == 1
    assert f"{stack.name} is protected against deletion" in refused.stderr
    assert stack.objects() == {"Delete": 3, "Retain": 3}


def test_a_stack_that_is_gone_has_nothing_to_empty(service: Service) -> None:
    environment = aws.environment(service.endpoint.aws_endpoint_url)
    done = tool("empty_buckets", "--yes", "no-such-stack", environment=environment)
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.parametrize("target", ["deploy", "destroy"])
def test_without_credentials_nothing_is_tried_and_the_way_out_is_said(
    target: str, tmp_path: Path
) -> None:
    done = subprocess.run(
        ["make", target],
        cwd=PROJECT,
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(tmp_path),
            "AWS_EC2_METADATA_DISABLED": "true",
        },
        capture_output=True,
        text=True,
    )
    assert done.returncode != 0
    assert done.stderr.startswith("AWS does not know who you are (Unable to locate credentials).")
    assert done.stdout == ""
