"""docs/make-it-yours.md, followed to the letter."""

import json
from pathlib import Path
from typing import Any

import pytest

from common.entities import ENTITIES
from infra.spec.paths import PROJECT
from tests.infra.new_service.page import changes
from tests.support.deployment.project_copy import (
    copy_project,
    run_python,
    share_packages,
    write_documents,
)
from tests.support.templates.synthesized import Synthesized
from tools.new_service.copy import NewService, write_copy
from tools.new_service.entity import add_entity
from tools.new_service.words import Words

ORDER = "Write your entity"

# The files that each change of an entity touches, apart from its tests and from the files that
# `make documents` writes.
PROMISED = {
    "Add a field": ("layers/common/python/common/entities/jobs/schema.json",),
    "Add a route": ("functions/update/handler.py", "infra/spec/routes.py"),
    "Add a stage": ("infra/spec/stages.py",),
    "Use your own domain": ("infra/spec/stages.py",),
}
pytestmark = pytest.mark.skipif(
    any(entity.noun == "order" for entity in ENTITIES), reason="the page has been followed here"
)

MOST_FILES, MOST_LINES = 12, 350
"""The most that somebody writes by hand to put an entity in place of jobs or beside them."""


def apply(project: Path, *sections: str) -> None:
    """Apply the blocks of some sections to a project, and generate its validators."""
    for change in changes():
        if change.section in sections:
            change.apply(project)
    run_python(project, "-m", "tools.compile_schemas")


@pytest.fixture(scope="module")
def in_place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of this project, with orders in place of its entities."""
    folder = tmp_path_factory.mktemp("in-place") / "order-service"
    write_copy(NewService("order-service", "eu-central-1", Words.of("order")), folder)
    share_packages(folder)
    apply(folder, ORDER)
    return folder


@pytest.fixture(scope="module")
def beside(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """This project, with orders beside jobs."""
    project = copy_project(tmp_path_factory.mktemp("beside") / "project", whole=True)
    existing = [entity.folder.name for entity in ENTITIES]
    add_entity(project, Words.of("order"), existing)
    apply(project, ORDER)
    return project


@pytest.fixture(scope="module")
def changed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """This project, after every change of an entity on the page."""
    project = copy_project(tmp_path_factory.mktemp("changed") / "project", whole=True)
    apply(project, *PROMISED)
    return project


@pytest.fixture(scope="module")
def staging(changed: Path) -> Any:
    """The template of the new stage."""
    return template_of(changed, "staging")


def template_of(project: Path, stage: str) -> Any:
    return json.loads(
        run_python(
            project,
            "-c",
            "import json; from infra.spec.stages import STAGES; from tools import templates;"
            f"print(json.dumps(templates.template_of(STAGES[{stage!r}])))",
        )
    )


def run_tests(project: Path, *words: str) -> None:
    run_python(project, "-m", "pytest", "-q", "-p", "no:cacheprovider", *words)


def of(template: Any, type_: str) -> list[Any]:
    return [each["Properties"] for each in template["Resources"].values() if each["Type"] == type_]


def test_an_entity_takes_a_dozen_files_and_350_lines_at_most() -> None:
    blocks = [change for change in changes() if change.section == ORDER]

    # Two more files than the blocks: the purpose in service.py, and the README.
    assert len({change.file for change in blocks}) + 2 <= MOST_FILES
    assert sum(len(change.text.splitlines()) for change in blocks) <= MOST_LINES


def test_each_section_changes_only_the_files_that_the_design_promises() -> None:
    assert {change.section for change in changes()} == {ORDER, *PROMISED}
    for change in changes():
        if change.section != ORDER:
            assert change.file.startswith((*PROMISED[change.section], "tests/")), change.file


def test_orders_in_place_of_jobs_pass_their_tests_and_those_of_the_platform(
    in_place: Path,
) -> None:
    run_tests(
        in_place,
        "tests/unit/entities",
        "tests/unit/functions/test_create.py",
        "tests/unit/functions/test_delete.py",
        "tests/unit/functions/test_read.py",
        "tests/unit/functions/test_update.py",
    )


def test_orders_beside_jobs_pass_their_tests_and_jobs_pass_theirs(beside: Path) -> None:
    run_tests(beside, "tests/unit/entities")


def test_orders_beside_jobs_get_a_table_and_leave_that_of_jobs_alone(
    beside: Path, dev: Synthesized
) -> None:
    template = template_of(beside, "dev")
    ours = of(dev.template, "AWS::DynamoDB::Table")
    tables = of(template, "AWS::DynamoDB::Table")

    assert [table for table in tables if table in ours] == ours
    assert len(tables) == len(ours) + 1
    assert "OrdersTableName" in template["Outputs"]


def test_the_changed_project_passes_the_tests_of_the_page(changed: Path) -> None:
    run_tests(changed, *(c.file for c in changes() if c.section in PROMISED and "tests/" in c.file))


def test_the_openapi_document_has_the_field_the_route_and_the_stage(changed: Path) -> None:
    run_python(changed, "-m", "tools.openapi")
    document = json.loads((changed / "docs" / "openapi.json").read_text())
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
    assert name["DomainName"] == "api.example.com"


def test_the_new_field_leaves_the_indexes_as_they_are(staging: Any, prod: Synthesized) -> None:
    ours = of(prod.template, "AWS::DynamoDB::Table")
    theirs = of(staging, "AWS::DynamoDB::Table")
    assert ours
    assert [table["GlobalSecondaryIndexes"] for table in theirs] == [
        table["GlobalSecondaryIndexes"] for table in ours
    ]


@pytest.mark.parametrize("which", ["in_place", "beside", "changed"])
def test_the_code_of_the_page_is_in_shape(which: str, request: pytest.FixtureRequest) -> None:
    project: Path = request.getfixturevalue(which)
    run_python(project, "-m", "ruff", "check", "--quiet", "--no-cache")
    run_python(project, "-m", "ruff", "format", "--quiet", "--check", "--no-cache")


@pytest.mark.nightly
@pytest.mark.parametrize("which", ["in_place", "beside"])
def test_all_tests_pass(which: str, request: pytest.FixtureRequest) -> None:
    project: Path = request.getfixturevalue(which)
    write_documents(project)
    # A project with orders need not follow the page again.
    run_tests(project, "--numprocesses=3", f"--ignore={Path(__file__).parent.relative_to(PROJECT)}")
