"""Nothing but boto3: stores what it is sent."""

import json
import os
import uuid
from typing import Any

import boto3

dynamodb = boto3.client("dynamodb")


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    body = json.loads(event["body"])
    job_id = str(uuid.uuid4())
    dynamodb.put_item(
        TableName=os.environ["TABLE_NAME"],
        Item={
            "job_id": {"S": job_id},
            "pipeline": {"S": body["pipeline"]},
            "input_uri": {"S": body["input_uri"]},
        },
        ConditionExpression="attribute_not_exists(job_id)",
    )
    return {
        "statusCode": 201,
        "headers": {"Content-Type": "application/json"},
        "body": json.dumps({"job_id": job_id}),
    }
