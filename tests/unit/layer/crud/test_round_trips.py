"""Fields of every JSON type, added to an entity."""

from pathlib import Path

from hypothesis import settings

from common.aws.clients import client
from common.crud.entity import Entity
from local.lambda_runtime import tables
from tests.support.specimen.round_trips import check_round_trips

EXAMPLES = 400 if settings.get_current_profile_name() == "fuzz" else 20


def test_a_field_of_any_type_keeps_its_value_from_create_to_list(tmp_path: Path) -> None:
    def create_table(entity: Entity) -> None:
        dynamodb = client("dynamodb")
        dynamodb.delete_table(TableName=entity.collection)
        tables.create_table(dynamodb, entity, entity.collection)

    check_round_trips(EXAMPLES, tmp_path, create_table)
