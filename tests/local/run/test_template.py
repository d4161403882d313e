"""The emulator receives the same template as AWS."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from infra.spec.paths import PROJECT
from local.deploy import STACK, STAGE
from local.emulator.patches.cloudformation import INCOMPLETE_TYPES, MISSING_TYPES
from tests.support.deployment.service import Service


@pytest.fixture(scope="module")
def aws_template(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The template that ``make deploy`` sends to AWS."""
    folder: Path = tmp_path_factory.mktemp("cdk.out")
    subprocess.run(
        [
            *("node_modules/.bin/cdk", "synth", "--quiet", "--no-validation"),
            *("-c", f"stage={STAGE}", "-o", folder),
        ],
        cwd=PROJECT,
        env={**os.environ, "PATH": f"{PROJECT}/.venv/bin:{os.environ['PATH']}"},
        check=True,
        capture_output=True,
    )
    template: dict[str, Any] = json.loads((folder / f"{STACK}.template.json").read_text())
    return template


@pytest.fixture(scope="module")
def emulator_template(service: Service) -> dict[str, Any]:
    """The template that the emulator has received."""
    template: dict[str, Any] = service.client("cloudformation").get_template(StackName=STACK)[
        "TemplateBody"
    ]
    return template


@pytest.mark.mission("This should be the single source of truth for deploying all AWS resources.")
def test_the_emulator_receives_every_resource_as_aws_does(
    aws_template: dict[str, Any], emulator_template: dict[str, Any]
) -> None:
    assert emulator_template["Resources"].keys() == aws_template["Resources"].keys()
    for name, resource in aws_template["Resources"].items():
        assert emulator_template["Resources"][name] == resource


def test_the_emulator_receives_every_output_as_aws_does(
    aws_template: dict[str, Any], emulator_template: dict[str, Any]
) -> None:
    assert emulator_template["Outputs"] == aws_template["Outputs"]


@pytest.mark.mission("A CDK-Python template that defines your entire infrastructure as code.")
def test_every_resource_of_the_template_exists(
    aws_template: dict[str, Any], service: Service
) -> None:
    pages = service.client("cloudformation").get_paginator("list_stack_resources")
    existing = {
        resource["LogicalResourceId"]: resource["ResourceStatus"]
        for page in pages.paginate(StackName=STACK)
        for resource in page["StackResourceSummaries"]
    }
    assert existing == dict.fromkeys(aws_template["Resources"], "CREATE_COMPLETE")


def test_the_stack_has_every_type_that_the_patches_add_or_complete(
    aws_template: dict[str, Any],
) -> None:
    types = {resource["Type"] for resource in aws_template["Resources"].values()}
    # A stage with several origins has these, as that of the browser tests.
    types |= {"AWS::WAFv2::LoggingConfiguration", "AWS::WAFv2::WebACLAssociation"}
    # The endpoint of Parameter Store in prod, which the walk through prod's life deploys.
    types |= {"AWS::EC2::SecurityGroupIngress"}
    assert {each.type for each in (*MISSING_TYPES, *INCOMPLETE_TYPES)} <= types


@pytest.mark.parametrize("path", ["app.py", "infra"])
def test_the_stack_knows_nothing_of_the_emulator(path: str) -> None:
    files = [PROJECT / path] if path.endswith(".py") else [*(PROJECT / path).rglob("*.py")]
    assert not [file for file in files if "ministack" in file.read_text().lower()]
