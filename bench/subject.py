"""The entity that the benchmarks create, read and change, and its items."""

from collections.abc import Mapping
from typing import Any

from common.contract import compact_json
from common.crud.entity import Entity, Item
from common.crud.examples import Examples, examples_of
from common.dynamodb.attribute_values import marshal
from common.entities import ENTITIES
from tools.openapi.examples import example_item

ENTITY: Entity = ENTITIES[0]

EXAMPLES: Examples = examples_of(ENTITY)


def update() -> tuple[Item, Item]:
    """Return a patch, and the item after it: one that keeps the status, if there is one."""
    changes = sorted(EXAMPLES.changes, key=lambda change: not change.keeps_status)
    if not changes:
        return {"status": EXAMPLES.initial}, example_item(ENTITY, EXAMPLES.fullest)
    path = [*EXAMPLES.path(changes[0].source), changes[0]]
    return changes[0].body, example_item(ENTITY, EXAMPLES.fullest, path)


def different_body(number: int) -> Item:
    """Return a body that differs from those of other numbers.

    Raises:
        LookupError: The examples cannot make bodies differ.
    """
    body = EXAMPLES.new(f"{number:x}")
    if body != EXAMPLES.new(f"{number + 1:x}"):
        return body
    for name in ENTITY.schema.fields_of("create"):
        field = ENTITY.schema.fields[name]
        if field.get("type") == "string" and {"enum", "pattern", "format"}.isdisjoint(field):
            return {**body, name: str(number)}
    raise LookupError(f"{ENTITY.package}.examples needs `unique`: no field holds any text")


def stored_values(item: Item) -> dict[str, Any]:
    """Return the values of an item's attributes, without keys: structures are stored as text."""
    return {
        name: compact_json(value) if name in ENTITY.schema.structured else value
        for name, value in item.items()
    }


def stored_item(item: Item) -> Mapping[str, Any]:
    """Return the attributes of an item as DynamoDB answers them, without those of indexes."""
    return marshal({**stored_values(item), "writers": []})
