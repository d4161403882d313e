"""A create handler with boto3 and nothing else. It stores the job with the keys of all indexes."""

import json
import os
import uuid
from datetime import UTC, datetime
from typing import Any

import boto3

dynamodb = boto3.client("dynamodb")

NUMBERS = {"progress": 0, "attempt": 1, "version": 1}


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    body = json.loads(event["body"])
    job_id, now = str(uuid.uuid4()), datetime.now(UTC).isoformat(timespec="milliseconds")
    job = {
        "job_id": job_id,
        "pipeline": body["pipeline"],
        "input_uri": body["input_uri"],
        "parameters": json.dumps(body["parameters"]),
        "status": "PENDING",
        "created_at": now,
        "updated_at": now,
    }
    keys = {"created_key": f"{now}#{job_id}", "shard": "0", "status_shard": "PENDING#0"}
    dynamodb.put_item(
        TableName=os.environ["TABLE_NAME"],
        Item={
            **{name: {"S": value} for name, value in {**job, **keys}.items()},
            **{name: {"N": str(value)} for name, value in NUMBERS.items()},
        },
        ConditionExpression="attribute_not_exists(job_id)",
    )
    return {
        "statusCode": 201,
        "headers": {"Content-Type": "application/json"},
        "body": json.dumps({**job, **NUMBERS}),
    }
