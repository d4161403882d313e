"""The JSON Schemas of bodies, and their generated validators."""

import pytest

from common.crud.entity import Entity
from common.entities import ENTITIES
from infra.spec.schemas import request_schemas, schemas
from tools.compile_schemas import validators

each_entity = pytest.mark.parametrize("entity", ENTITIES, ids=lambda entity: entity.plural)


@each_entity
def test_the_validators_are_up_to_date(entity: Entity) -> None:
    sources = validators(entity)

    assert {*(entity.folder / "generated").glob("*.py")} == sources.keys(), "run `make schemas`"
    for path, source in sources.items():
        assert path.read_text() == source, "run `make schemas`"


@each_entity
def test_the_schemas_list_every_status(entity: Entity) -> None:
    bodies = request_schemas(entity)

    for schema in (bodies["replace"], bodies["patch"], schemas()[entity.type_name]):
        assert schema["properties"]["status"]["enum"] == [*entity.statuses]


@each_entity
def test_the_schema_of_an_item_describes_every_field(entity: Entity) -> None:
    schema = schemas()[entity.type_name]

    assert [*schema["properties"]] == [*entity.schema.fields]
    assert {*schema["required"]} == entity.schema.always_set
