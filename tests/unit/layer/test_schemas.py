"""The JSON Schemas, their generated validators, and the code that must agree with them."""

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


def test_lists_accept_the_pipeline_names_that_jobs_may_have() -> None:
    schema = json.loads((SCHEMAS / "job-create.json").read_text())

    assert schema["properties"]["pipeline"]["pattern"] == f"^{model.PIPELINE.pattern}$"


@pytest.mark.parametrize("name", ["job-replace", "job-patch", "answers/job"])
def test_the_schemas_list_every_status_of_a_job(name: str) -> None:
    schema = json.loads((SCHEMAS / f"{name}.json").read_text())

    assert schema["properties"]["status"]["enum"] == [*model.Status]


def test_the_schema_of_a_job_describes_every_field() -> None:
    schema = json.loads((SCHEMAS / "answers" / "job.json").read_text())

    assert [*schema["properties"]] == [field.name for field in fields(model.Job)]
    assert schema["required"] == [
        field.name for field in fields(model.Job) if field.default is MISSING
    ]
