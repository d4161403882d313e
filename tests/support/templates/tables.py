"""The tables of a template, by entity."""

import pytest

from common.crud.entity import Entity
from common.entities import ENTITIES
from tests.support.templates.synthesized import Properties, Synthesized

each_entity = pytest.mark.parametrize("entity", ENTITIES, ids=lambda entity: entity.plural)


def table_path(entity: Entity) -> str:
    """Return the construct path of an entity's table."""
    return f"Table/{entity.plural_type_name}"


def table(stack: Synthesized, entity: Entity) -> Properties:
    """Return the properties of an entity's table."""
    return stack.at(table_path(entity)).properties


def index_names(entity: Entity) -> set[str]:
    """Return the names of the indexes that an entity's table has."""
    filters = {f"by-{name.replace('_', '-')}" for name in entity.filters}
    return {"by-creation", "by-status"} | filters


def index_keys(properties: Properties) -> dict[str, list[str]]:
    """Return the attributes in the key of each index of a table, by the index's name."""
    return {
        index["IndexName"]: [key["AttributeName"] for key in index["KeySchema"]]
        for index in properties["GlobalSecondaryIndexes"]
    }
