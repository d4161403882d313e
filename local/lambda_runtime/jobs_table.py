"""Create the table of jobs without the stack."""

from typing import Any

from common.jobs.keys import INDEXES, PARTITION_KEY, SORT_KEY
from common.jobs.model import SUMMARY


def create_table(dynamodb: Any, name: str) -> None:
    """Create the table with its indexes.

    Args:
        dynamodb: A boto3 client.
        name: The name of the table.
    """
    dynamodb.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[
            {"AttributeName": key, "AttributeType": "S"}
            for key in (PARTITION_KEY, SORT_KEY, *INDEXES.values())
        ],
        KeySchema=[{"AttributeName": PARTITION_KEY, "KeyType": "HASH"}],
        GlobalSecondaryIndexes=[
            {
                "IndexName": index,
                "KeySchema": [
                    {"AttributeName": key, "KeyType": "HASH"},
                    {"AttributeName": SORT_KEY, "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": [*SUMMARY]},
            }
            for index, key in INDEXES.items()
        ],
    )
