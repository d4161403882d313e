"""The schemas, and what is made from them."""

import json
from dataclasses import MISSING, fields
from pathlib import Path

import pytest

from common.jobs import model
from infra.spec.paths import SCHEMAS
from tools.compile_schemas import validator_path, validator_source


@pytest.mark.parametrize("schema", sorted(SCHEMAS.glob("*.json")), ids=lambda path: path.stem)
def test_the_validators_are_up_to_date(schema: Path) -> None:
    assert validator_path(schema).read_text() == validator_source(schema), "run `make schemas`"


def test_the_pipelines_that_a_list_takes_are_those_that_a_job_may_have() -> None:
    schema = json.loads((SCHEMAS / "job-create.json").read_text())

    assert schema["properties"]["pipeline"]["pattern"] == f"^{model.PIPELINE.pattern}$"


@pytest.mark.parametrize("name", ["job-replace", "job-patch", "answers/job"])
def test_the_statuses_of_the_schemas_are_those_of_jobs(name: str) -> None:
    schema = json.loads((SCHEMAS / f"{name}.json").read_text())

    assert schema["properties"]["status"]["enum"] == [*model.Status]


def test_the_schema_of_a_job_describes_each_field_that_a_job_has() -> None:
    schema = json.loads((SCHEMAS / "answers" / "job.json").read_text())

    assert [*schema["properties"]] == [field.name for field in fields(model.Job)]
    assert schema["required"] == [
        field.name for field in fields(model.Job) if field.default is MISSING
    ]
