"""The service with another name in another region, changed in the one place for both."""

import json
from pathlib import Path

import pytest

from infra.spec.paths import PROJECT
from infra.spec.service import REGION
from infra.spec.stages import STAGES
from tests.support.deployment.project_copy import (
    copy_project,
    rename_service,
    run_python,
    write_documents,
)
from tests.support.spellings import SPELLINGS

NAME = "another-service"
OTHER_REGION = next(name for name in ("eu-central-1", "us-west-2") if name != REGION)


@pytest.fixture(scope="module")
def renamed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project, with another name and another region."""
    project = copy_project(tmp_path_factory.mktemp("renamed") / "project", whole=True)
    rename_service(project, name=NAME, region=OTHER_REGION)
    return project


def synthesize(project: Path, stage: str, **context: str) -> Path:
    """Run the CDK app of a copy as the CDK's command line does, and return the cloud assembly."""
    settings = {
        **json.loads((PROJECT / "cdk.json").read_text())["context"],
        # The command line adds this setting.
        "aws:cdk:enable-path-metadata": True,
    }
    assembly = project / "cdk.out" / "-".join((stage, *context.values()))
    run_python(
        project,
        "app.py",
        CDK_CONTEXT_JSON=json.dumps({**settings, "stage": stage, **context}),
        CDK_OUTDIR=str(assembly),
    )
    return assembly


@pytest.mark.nightly
@pytest.mark.parametrize(
    ("stage", "context"), [*((name, {}) for name in STAGES), ("dev", {"authorization": "iam"})]
)
def test_a_stage_synthesizes_without_the_former_name_and_region(
    renamed: Path, stage: str, context: dict[str, str]
) -> None:
    assembly = synthesize(renamed, stage, **context)
    template = (assembly / f"AnotherService-{stage}.template.json").read_text()
    assert f'"{NAME}-{stage}-create"' in template
    assert [text for text in (*SPELLINGS, REGION) if text in template] == []
    artifacts = json.loads((assembly / "manifest.json").read_text())["artifacts"]
    environment = artifacts[f"AnotherService-{stage}"]["environment"]
    assert environment == f"aws://unknown-account/{OTHER_REGION}"


@pytest.mark.nightly
def test_all_tests_of_the_infrastructure_pass(renamed: Path) -> None:
    write_documents(renamed)
    this = f"--ignore={Path(__file__).relative_to(PROJECT)}"
    run_python(renamed, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/infra", this)
