"""Create the tables of the entities without the stack."""

from typing import Any

from common.crud.entity import Entity
from common.crud.keys import SORT_KEY, indexes, projections


def create_table(dynamodb: Any, entity: Entity, name: str) -> None:
    """Create the table of an entity, with its indexes.

    Args:
        dynamodb: A boto3 client.
        entity: The entity.
        name: The name of the table.
    """
    keys = indexes(entity)
    dynamodb.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[
            {"AttributeName": key, "AttributeType": "S"}
            for key in (entity.id_field, SORT_KEY, *keys.values())
        ],
        KeySchema=[{"AttributeName": entity.id_field, "KeyType": "HASH"}],
        GlobalSecondaryIndexes=[
            {
                "IndexName": index,
                "KeySchema": [
                    {"AttributeName": key, "KeyType": "HASH"},
                    {"AttributeName": SORT_KEY, "KeyType": "RANGE"},
                ],
                "Projection": {
                    "ProjectionType": "INCLUDE",
                    "NonKeyAttributes": projections(entity)[index],
                },
            }
            for index, key in keys.items()
        ],
    )
