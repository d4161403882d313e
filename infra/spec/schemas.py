"""The JSON Schemas of bodies, as API Gateway's models and the OpenAPI document need them."""

import json
from typing import Any

from common.jobs.model import SUMMARY
from infra.spec.paths import SCHEMAS

PROBLEM_SCHEMA = "answers/problem"
"""The schema of every problem document."""

_MODEL_DIALECT = "http://json-schema.org/draft-04/schema#"
"""The dialect of API Gateway's models:
https://docs.aws.amazon.com/apigateway/latest/developerguide/models-mappings-models.html"""

_SUMMARY_REFERENCE = {"$ref": "#/components/schemas/JobSummary"}


def read_schema(name: str) -> dict[str, Any]:
    """Return the content of a file in the layer's schemas folder.

    Args:
        name: The path of the file in that folder, without its extension.
    """
    schema: dict[str, Any] = json.loads((SCHEMAS / f"{name}.json").read_text())
    return schema


def job_summary() -> dict[str, Any]:
    """Return the schema of a job in a list, which has some of the job's fields."""
    job = read_schema("answers/job")
    return {
        "title": "JobSummary",
        "description": "A job in a list",
        "type": "object",
        "required": [name for name in job["required"] if name in SUMMARY],
        "properties": {
            name: schema for name, schema in job["properties"].items() if name in SUMMARY
        },
    }


def model_schema(name: str) -> dict[str, Any]:
    """Return a schema as a model of API Gateway.

    The summary of a job is written out where the schema refers to it: a reference from one model
    to another contains the id of the API.
    """
    return {**_without_references(read_schema(name)), "$schema": _MODEL_DIALECT}


def _without_references(part: Any) -> Any:
    if part == _SUMMARY_REFERENCE:
        return job_summary()
    if isinstance(part, dict):
        return {name: _without_references(inner) for name, inner in part.items()}
    if isinstance(part, list):
        return [_without_references(inner) for inner in part]
    return part
