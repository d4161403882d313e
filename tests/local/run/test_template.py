"""What the emulator is given is what AWS would be given."""

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
def for_aws(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The template that ``make deploy`` gives to AWS."""
    folder: Path = tmp_path_factory.mktemp("cdk.out")
    subprocess.run(
        ["node_modules/.bin/cdk", "synth", "--quiet", "-c", f"stage={STAGE}", "-o", folder],
        cwd=PROJECT,
        env={**os.environ, "PATH": f"{PROJECT}/.venv/bin:{os.environ['PATH']}"},
        check=True,
        capture_output=True,
    )
    template: dict[str, Any] = json.loads((folder / f"{STACK}.template.json").read_text())
    return template


@pytest.fixture(scope="module")
def received(service: Service) -> dict[str, Any]:
    """The template that the emulator has received."""
    template: dict[str, Any] = service.client("cloudformation").get_template(StackName=STACK)[
        "TemplateBody"
    ]
    return template


@pytest.mark.mission("This should be the single source of truth for deploying all AWS resources.")
def test_the_emulator_receives_every_resource_as_aws_does(
    for_aws: dict[str, Any], received: dict[str, Any]
) -> None:
    assert received["Resources"].keys() == for_aws["Resources"].keys()
    for name, resource in for_aws["Resources"].items():
        assert received["Resources"][name] == resource


def test_the_emulator_receives_every_output_as_aws_does(
    for_aws: dict[str, Any], received: dict[str, Any]
) -> None:
    assert received["Outputs"] == for_aws["Outputs"]


@pytest.mark.mission("A CDK-Python template that defines your entire infrastructure as code.")
def test_every_resource_of_the_template_exists(for_aws: dict[str, Any], service: Service) -> None:
    pages = service.client("cloudformation").get_paginator("list_stack_resources")
    existing = {
        resource["LogicalResourceId"]: resource["ResourceStatus"]
        for page in pages.paginate(StackName=STACK)
        for resource in page["StackResourceSummaries"]
    }
    assert existing == dict.fromkeys(for_aws["Resources"], "CREATE_COMPLETE")


def test_the_stack_needs_every_type_whose_gaps_are_closed(for_aws: dict[str, Any]) -> None:
    used = {resource["Type"] for resource in for_aws["Resources"].values()}
    # Where several origins may call, which the stage of the browser's tests lets them.
    used |= {"AWS::WAFv2::LoggingConfiguration", "AWS::WAFv2::WebACLAssociation"}
    assert {each.type for each in (*MISSING_TYPES, *INCOMPLETE_TYPES)} <= used


@pytest.mark.parametrize("path", ["app.py", "infra"])
def test_the_stack_knows_nothing_of_the_emulator(path: str) -> None:
    files = [PROJECT / path] if path.endswith(".py") else [*(PROJECT / path).rglob("*.py")]
    assert not [file for file in files if "ministack" in file.read_text().lower()]
