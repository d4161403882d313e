"""docs/make-it-yours.md, followed to the letter in a copy of the project."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from infra.spec.paths import PROJECT
from tests.support.deployment.project_copy import copy_project
from tests.support.make_it_yours import changes
from tests.support.templates.synthesized import Synthesized

Run = Callable[..., str]

# What the design promises that a change touches, apart from its tests and from what
# `make documents` writes.
PROMISED = {
    "Add a field": (
        "layers/common/python/common/jobs/model.py",
        "layers/common/python/common/schemas/",
    ),
    "Add a route": ("functions/", "infra/spec/routes.py"),
    "Add a stage": ("infra/spec/stages.py",),
    "Use your own domain": ("infra/spec/stages.py",),
}


@pytest.fixture(scope="module")
def adapted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project after every change of the page."""
    project = copy_project(tmp_path_factory.mktemp("adapted") / "project")
    for name in ("tests", "local", "ops", "bench", "docs"):
        shutil.copytree(PROJECT / name, project / name)
    for change in changes():
        change.apply(project)
    return project


@pytest.fixture(scope="module")
def run(adapted: Path) -> Run:
    """Runs Python in the changed project, with its own layer."""

    def run(*words: str) -> str:
        path = os.pathsep.join(map(str, (adapted, adapted / "layers/common/python")))
        done = subprocess.run(
            [sys.executable, *words],
            cwd=adapted,
            env={**os.environ, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run


@pytest.fixture(scope="module")
def documents(run: Run) -> None:
    """The output of `make documents`, except the pages that need a synthesis of each stage."""
    run("-m", "tools.compile_schemas")
    run("-m", "tools.openapi")


@pytest.fixture(scope="module")
def staging(run: Run) -> Any:
    """The template of the new stage."""
    return json.loads(
        run(
            "-c",
            "import json; from tools.cost import template_of; from infra.spec.stages import STAGES;"
            "print(json.dumps(template_of(STAGES['staging'])))",
        )
    )


def of(template: Any, type_: str) -> list[Any]:
    return [each["Properties"] for each in template["Resources"].values() if each["Type"] == type_]


def test_each_section_changes_only_what_the_design_promises() -> None:
    touched = {change.section for change in changes()}
    assert touched == {*PROMISED}
    for change in changes():
        assert change.file.startswith((*PROMISED[change.section], "tests/")), change.file


def test_the_tests_of_the_page_and_those_of_the_schemas_pass(run: Run, documents: None) -> None:
    (*tests,) = (change.file for change in changes() if change.file.startswith("tests/"))
    run("-m", "pytest", "-q", "-p", "no:cacheprovider", *tests, "tests/unit/layer/test_schemas.py")


def test_the_openapi_document_has_the_field_and_the_route(adapted: Path, documents: None) -> None:
    document = json.loads((adapted / "docs" / "openapi.json").read_text())
    schemas = document["components"]["schemas"]
    assert "priority" in schemas["JobCreate"]["properties"]
    assert "priority" in schemas["Job"]["properties"]
    assert "priority" not in schemas["JobSummary"]["properties"]
    assert document["paths"]["/jobs/{job_id}/cancel"]["post"]["operationId"] == "cancelJob"
    assert "staging" in document["servers"][0]["variables"]["stage"]["enum"]


def test_the_new_stage_has_the_new_route_and_the_domain(staging: Any) -> None:
    methods = {each.get("OperationName") for each in of(staging, "AWS::ApiGateway::Method")}
    assert "cancelJob" in methods
    (name,) = of(staging, "AWS::ApiGateway::DomainName")
    assert name["DomainName"] == "jobs-api.example.com"


def test_the_new_field_leaves_the_indexes_as_they_are(staging: Any, prod: Synthesized) -> None:
    (ours,) = of(prod.template, "AWS::DynamoDB::Table")
    (theirs,) = of(staging, "AWS::DynamoDB::Table")
    assert theirs["GlobalSecondaryIndexes"] == ours["GlobalSecondaryIndexes"]


def test_the_changed_code_is_in_shape(run: Run) -> None:
    run("-m", "ruff", "check", "--quiet", "--no-cache")
    run("-m", "ruff", "format", "--quiet", "--check", "--no-cache")
