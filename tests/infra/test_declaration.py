"""The check of the entities' declarations."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from common.crud.entity import Entity
from common.crud.examples import BrokenRule, Change, examples_of
from common.entities import ENTITIES
from infra.spec.declaration import DeclarationError, check, mistakes_of
from tests.support.specimen import SPECIMEN
from tests.support.specimen.examples import EXAMPLES


def test_the_entities_of_the_service_have_no_mistakes() -> None:
    check(ENTITIES)


def test_an_entity_with_everything_has_no_mistakes() -> None:
    assert mistakes_of(SPECIMEN, EXAMPLES) == []


def test_two_entities_with_the_same_names_are_refused() -> None:
    with pytest.raises(DeclarationError, match=f"have the path {ENTITIES[0].path};"):
        check([ENTITIES[0], ENTITIES[0]])


@pytest.mark.parametrize(
    ("changes", "mistake"),
    [
        ({"noun": "Rock"}, "noun must be words in lower case"),
        ({"plural": "rock sample"}, "noun and plural must differ"),
        ({"transitions": {}}, "at least one status"),
        ({"transitions": {"new": frozenset()}}, "must be in upper case"),
        (
            {"transitions": {"FOUND": frozenset({"GONE"})}},
            "FOUND may move to GONE, which has",
        ),
        ({"filters": "colour"}, 'a tuple, such as ("colour",)'),
        ({"deletable": frozenset({"GONE"})}, "deletable has the status GONE"),
        ({"expires_in": frozenset({"GONE"})}, "expires_in has the status GONE"),
        ({"ended": frozenset({"SOLD"})}, "The failure LOST must be in ended"),
        ({"events": ("stored", "sold")}, "No event is named 'lost'"),
        ({"events": ("created", "lost", "sold")}, "events must not have created"),
        ({"filters": ("colour",)}, "colour must be a field of schema.json"),
        ({"filters": ("created_by",)}, "created_by must be a field of schema.json"),
        ({"filters": ("mass",)}, "mass must have the type string and no other"),
        ({"filters": ("note",)}, "note must have the type string and no other"),
        ({"filters": ("fragile",)}, "fragile must have the type string and no other"),
        ({"filters": ("tags",)}, "tags must have the type string and no other"),
        ({"filters": ("reason",)}, "reason must be in the body of a create"),
        ({"filters": ("reason",)}, "reason must be in lists"),
        ({"filters": ("reason",)}, "reason must be required if it may be changed"),
        ({"filters": ("reason",)}, "reason must have a maxLength of at most 512"),
        ({"filters": ("reason",)}, "reason must have a minLength or a pattern"),
    ],
)
def test_a_mistake_in_a_declaration_is_named(changes: dict[str, Any], mistake: str) -> None:
    mistakes = mistakes_of(_declared(SPECIMEN.folder, **changes), EXAMPLES)

    assert any(mistake in each for each in mistakes), mistakes


def _declared(folder: Path, **changes: Any) -> Entity:
    return replace(SPECIMEN, folder=folder, **changes)


@pytest.mark.parametrize(
    ("fields", "mistake"),
    [
        ({"a-b": {}}, "a-b must be a name of letters"),
        ({"shard": {}}, "shard is an attribute that the table needs itself"),
        ({"writers": {}}, "writers is an attribute that the table needs itself"),
        ({"colour": {"x-bodies": ["lists"]}}, "the unknown body 'lists'"),
        ({"colour": {"$ref": "#/x"}}, "colour has a $ref"),
        ({"colour": {"items": {"const": 1}}}, "colour/items has a const; write an enum"),
        ({"colour": {"anyOf": [{"if": {}}]}}, "colour/anyOf/0 has an if; write a rule"),
        ({"colour": {"exclusiveMinimum": 0}}, "must have a minimum and exclusiveMinimum: true"),
        ({"colour": {"exclusiveMaximum": True}}, "must have a maximum and exclusiveMaximum: true"),
        ({"colour": {"items": [{}]}}, "colour must have one schema for all items"),
        ({"colour": {"multipleOf": 0.01}}, "an integer in multipleOf"),
        ({"colour": {"properties": {"a": {"required": []}}}}, "colour/properties/a has an empty"),
        ({"colour": {"format": "email", "x-bodies": ["create"]}}, "a format, which nothing checks"),
        ({"colour": {"type": "string", "default": 1}}, "a default that its own schema refuses"),
        ({"colour": {"type": "strin", "default": 1}}, "not a JSON Schema of draft 4"),
        ({"version": {"x-bodies": ["change"]}}, "version is set by the service"),
        ({"status": {"x-bodies": ["create", "change", "list"]}}, "take it out of create"),
        ({"status": {"x-bodies": ["change"]}}, "status must be in lists"),
        ({"status": {"x-bodies": ["list"]}}, "status must be in changes"),
        ({"name": {"type": "string"}}, "name is required, but in no body"),
    ],
)
def test_a_mistake_in_a_schema_is_named(
    fields: Mapping[str, Any], mistake: str, tmp_path: Path
) -> None:
    mistakes = mistakes_of(_declared(_with_fields(tmp_path, fields)), EXAMPLES)

    assert any(mistake in each for each in mistakes), mistakes


def test_the_ordinary_keywords_are_no_mistakes(tmp_path: Path) -> None:
    fields = {
        "price": {"type": "number", "minimum": 0, "exclusiveMinimum": True, "multipleOf": 5},
        "colours": {"items": {"type": "string"}, "minItems": 1, "maxItems": 9, "uniqueItems": True},
        "size": {"oneOf": [{"type": "integer"}, {"type": "string", "maxLength": 9}]},
    }
    assert mistakes_of(_declared(_with_fields(tmp_path, fields)), EXAMPLES) == []


def _with_fields(folder: Path, fields: Mapping[str, Any]) -> Path:
    content = SPECIMEN.schema.file_content
    properties = {**content["properties"], **fields}
    (folder / "schema.json").write_text(json.dumps({**content, "properties": properties}))
    return folder


def test_lists_show_no_more_fields_than_all_indexes_may_project(tmp_path: Path) -> None:
    fields = {f"field_{number}": {"x-bodies": ["list"]} for number in range(40)}
    mistakes = mistakes_of(_declared(_with_fields(tmp_path, fields)), EXAMPLES)

    assert [each for each in mistakes if "DynamoDB allows 100; take fields out" in each]


def test_an_entity_that_never_expires_has_no_field_that_deletes_its_items(tmp_path: Path) -> None:
    folder = _with_fields(tmp_path, {"expires_at": {"type": "integer"}})
    mistakes = mistakes_of(_declared(folder, expires_in=frozenset()), EXAMPLES)

    assert mistakes == [
        "schema.json: expires_at is an attribute that the table needs itself; rename the field."
    ]


LOSE = Change("Lose it", "FOUND", "LOST", {"status": "LOST"})
RULE = BrokenRule("change", {"status": "LOST"}, "/name")


@pytest.mark.parametrize(
    ("changes", "mistake"),
    [
        ({"creates": {}}, "no body that creates an item"),
        ({"creates": {"least": {"site": "quarry"}}}, "required fields only: ['name', 'site']"),
        ({"creates": {"least": {"site": "1", "name": "x"}}}, "the create 'least' is invalid"),
        ({"unique": lambda _: {}}, "unique must return a value of the filter site"),
        ({"unique": lambda word: {"site": word}}, "the create 'unique' is invalid"),
        ({"changes": EXAMPLES.changes[1:]}, "no change from FOUND to STORED"),
        ({"changes": [LOSE]}, "'Lose it' breaks a rule: /reason is required with status LOST"),
        ({"changes": [replace(LOSE, target="SOLD")]}, "which no transition allows"),
        ({"changes": [replace(LOSE, target="STORED")]}, "must have the status STORED"),
        ({"changes": [replace(LOSE, body={"pieces": "x"})]}, "'Lose it' is invalid"),
        ({"broken_rules": [RULE]}, "breaks the rule at /reason first"),
        ({"broken_rules": [replace(RULE, body={"status": "SOLD"})]}, "breaks no rule"),
        ({"broken_rules": [replace(RULE, body={"status": "x"})]}, "is invalid"),
    ],
)
def test_a_mistake_in_the_examples_is_named(changes: dict[str, Any], mistake: str) -> None:
    mistakes = mistakes_of(SPECIMEN, replace(EXAMPLES, **changes))

    assert any(mistake in each for each in mistakes), mistakes


def test_an_example_may_have_a_fraction() -> None:
    creates = {**EXAMPLES.creates, "light": {**EXAMPLES.least, "mass": 0.1}}

    assert mistakes_of(SPECIMEN, replace(EXAMPLES, creates=creates)) == []


@pytest.mark.parametrize("entity", ENTITIES, ids=lambda entity: entity.plural)
def test_the_first_example_has_the_required_fields_only(entity: Entity) -> None:
    assert {*examples_of(entity).least} == {*entity.schema.required_in("create")}
