"""A create handler with boto3 and nothing else. It stores the item with the keys of all indexes."""

import json
import os
import uuid
from datetime import UTC, datetime
from typing import Any

import boto3

dynamodb = boto3.client("dynamodb")

ID_FIELD = os.environ["ID_FIELD"]
NEW: dict[str, str | int] = json.loads(os.environ["NEW_ITEM"])


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    body = json.loads(event["body"])
    item_id, now = str(uuid.uuid4()), datetime.now(UTC).isoformat(timespec="milliseconds")
    item = {
        ID_FIELD: item_id,
        **NEW,
        **{
            name: value if isinstance(value, str) else json.dumps(value)
            for name, value in body.items()
        },
        "created_at": now,
        "updated_at": now,
    }
    keys = {
        "created_key": f"{now}#{item_id}",
        "shard": "0",
        "status_shard": f"{item['status']}#0",
    }
    dynamodb.put_item(
        TableName=os.environ["TABLE_NAME"],
        Item={
            name: {"S": value} if isinstance(value, str) else {"N": str(value)}
            for name, value in {**item, **keys}.items()
        },
        ConditionExpression=f"attribute_not_exists({ID_FIELD})",
    )
    return {
        "statusCode": 201,
        "headers": {"Content-Type": "application/json"},
        "body": json.dumps(item),
    }
