"""The JSON Schemas of all bodies, which follow from the schemas of the entities' items.

API Gateway's models, the functions' validators and the OpenAPI document come from them.
"""

import json
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from common.crud.entity import Entity
from common.crud.item_schema import Field
from common.entities import ENTITIES
from infra.spec.paths import COMMON

Schema = dict[str, Any]

PROBLEM_SCHEMA = "Problem"
"""The title of the schema of every problem document."""

DIALECT = "http://json-schema.org/draft-04/schema#"
"""The dialect of API Gateway's models:
https://docs.aws.amazon.com/apigateway/latest/developerguide/models-mappings-models.html"""

_PROBLEM_FILE = COMMON / "web" / "problem.json"

_SERVICE_KEYWORDS = {"x-bodies"}

_COMBINATIONS = {"allOf", "anyOf", "oneOf", "not"}


@cache
def schemas() -> Mapping[str, Schema]:
    """Return all schemas by title."""
    problem = json.loads(_PROBLEM_FILE.read_text())
    every = [
        problem,
        *(schema for entity in ENTITIES for schema in request_schemas(entity).values()),
        *(schema for entity in ENTITIES for schema in _answer_schemas(entity)),
    ]
    return {schema["title"]: schema for schema in every}


def request_schemas(entity: Entity) -> Mapping[str, Schema]:
    """Return the schemas of requests' bodies, by the name of their validator's module.

    These are the bodies of a create, a replacement and a patch, and the other files of the
    entity's folder.
    """
    name = entity.type_name
    create = entity.schema.fields_of("create")
    change = entity.schema.fields_of("change")
    required = entity.schema.required_in("change")
    return {
        "create": _closed(
            f"{name}Create",
            f"{entity.article.capitalize()} {entity.noun} to create",
            _fields(entity, create),
            required=[*entity.schema.required_in("create")],
        ),
        "replace": _closed(
            f"{name}Replace",
            "The new value of all fields that callers may change",
            _fields(entity, change),
            required=[*required],
        ),
        "patch": _closed(
            f"{name}Patch",
            "A JSON merge patch (RFC 7396) of the fields that callers may change: null resets a"
            " field, and an object replaces the former one",
            {
                field: schema if field in required else _or_null(schema)
                for field, schema in _fields(entity, change).items()
            },
            minProperties=1,
        ),
        **{file.stem: json.loads(file.read_text()) for file in _more_files(entity)},
    }


def titles(entity: Entity) -> list[str]:
    """Return the titles of all schemas of an entity."""
    every = (*request_schemas(entity).values(), *_answer_schemas(entity))
    return [schema["title"] for schema in every]


def summary_title(entity: Entity) -> str:
    """Return the title of the schema of an item in a list."""
    return f"{entity.type_name}Summary"


def page_title(entity: Entity) -> str:
    """Return the title of the schema of a page of a list."""
    return f"{entity.type_name}Page"


def model_schema(title: str) -> Schema:
    """Return a schema as a model of API Gateway.

    A schema that another one refers to is written out: a reference from one model to another
    contains the id of the API.
    """
    return {**_without_references(schemas()[title]), "$schema": DIALECT}


def _answer_schemas(entity: Entity) -> list[Schema]:
    summary = {
        "title": summary_title(entity),
        "description": f"{entity.article.capitalize()} {entity.noun} in a list",
        **_open(entity, entity.schema.fields_of("list")),
    }
    item = {
        "title": entity.type_name,
        "description": (
            f"{entity.article.capitalize()} {entity.noun}; a field without a value is absent"
        ),
        **_open(entity, entity.schema.fields),
    }
    page = {
        "title": page_title(entity),
        "description": "A page of a list, newest first",
        "type": "object",
        "required": ["items"],
        "properties": {
            "items": {
                "description": "May be fewer than asked for, though more follow",
                "type": "array",
                "items": {"$ref": f"#/components/schemas/{summary['title']}"},
            },
            "next_cursor": {
                "description": "The cursor of the next page; absent on the last one",
                "type": "string",
            },
        },
    }
    return [item, summary, page]


def _closed(
    title: str, description: str, properties: Mapping[str, Schema], **more: object
) -> Schema:
    return {
        "$schema": DIALECT,
        "title": title,
        "description": description,
        "type": "object",
        "additionalProperties": False,
        # An empty list is not valid in draft 4.
        **{keyword: value for keyword, value in more.items() if value},
        "properties": dict(properties),
    }


def _open(entity: Entity, fields: Iterable[str]) -> Schema:
    names = list(fields)
    return {
        "type": "object",
        "required": [name for name in names if name in entity.schema.always_set],
        "properties": _fields(entity, names),
    }


def _fields(entity: Entity, names: Iterable[str]) -> dict[str, Schema]:
    return {
        name: {
            keyword: value
            for keyword, value in entity.schema.fields[name].items()
            if keyword not in _SERVICE_KEYWORDS
        }
        for name in names
    }


def _or_null(schema: Field) -> Schema:
    nullable = {
        keyword: value for keyword, value in schema.items() if keyword not in {"title", "default"}
    }
    if not _COMBINATIONS.isdisjoint(nullable):
        return {"anyOf": [nullable, {"type": "null"}]}
    if "type" in nullable:
        types = nullable["type"]
        nullable["type"] = [
            *dict.fromkeys([*([types] if isinstance(types, str) else types), "null"])
        ]
    if "enum" in nullable and None not in nullable["enum"]:
        nullable["enum"] = [*nullable["enum"], None]
    return nullable


def _more_files(entity: Entity) -> list[Path]:
    return sorted(file for file in entity.folder.glob("*.json") if file.name != "schema.json")


def _without_references(part: Any) -> Any:
    if isinstance(part, dict):
        if "$ref" in part:
            return _without_references(schemas()[part["$ref"].rpartition("/")[2]])
        return {name: _without_references(inner) for name, inner in part.items()}
    if isinstance(part, list):
        return [_without_references(inner) for inner in part]
    return part
