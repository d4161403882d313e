"""A create handler from the standard library alone, which signs its request itself.

It marks the floor: the least that a create in Python costs. It has no retries, no refresh of
credentials, and trusts a single authority.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

import hashlib
import hmac
import json
import os
import ssl
import time
import uuid
from http.client import HTTPSConnection
from typing import Any

ID_FIELD = os.environ["ID_FIELD"]
NEW: dict[str, str | int] = json.loads(os.environ["NEW_ITEM"])

_REGION = os.environ["AWS_REGION"]
_HOST = os.environ["AWS_ENDPOINT_URL"].removeprefix("https://")
_KEY_ID, _TOKEN = os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SESSION_TOKEN"]
_SECRET = os.environ["AWS_SECRET_ACCESS_KEY"]
_SIGNED = "content-type;host;x-amz-date;x-amz-security-token;x-amz-target"

_connection = HTTPSConnection(
    _HOST, context=ssl.create_default_context(cafile=os.environ["AUTHORITY"])
)


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    body = json.loads(event["body"])
    item_id, seconds = str(uuid.uuid4()), time.time()
    now = f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(seconds))}.{int(seconds % 1 * 1e3):03}Z"
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
    put_item(
        {
            "TableName": os.environ["TABLE_NAME"],
            "Item": {
                name: {"S": value} if isinstance(value, str) else {"N": str(value)}
                for name, value in {**item, **keys}.items()
            },
            "ConditionExpression": f"attribute_not_exists({ID_FIELD})",
        }
    )
    return {
        "statusCode": 201,
        "headers": {"Content-Type": "application/json"},
        "body": json.dumps(item),
    }


def put_item(parameters: dict[str, Any]) -> None:
    content = json.dumps(parameters).encode()
    moment = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    _connection.request("POST", "/", content, sign(content, moment))
    answer = _connection.getresponse()
    text = answer.read()
    if answer.status != 200:
        raise RuntimeError(text.decode())


def sign(content: bytes, moment: str) -> dict[str, str]:
    """Return the headers of a request, with its signature (SigV4)."""
    headers = {
        "content-type": "application/x-amz-json-1.0",
        "host": _HOST,
        "x-amz-date": moment,
        "x-amz-security-token": _TOKEN,
        "x-amz-target": "DynamoDB_20120810.PutItem",
    }
    lines = "".join(f"{name}:{value}\n" for name, value in headers.items())
    request = f"POST\n/\n\n{lines}\n{_SIGNED}\n{hashlib.sha256(content).hexdigest()}"
    scope = f"{moment[:8]}/{_REGION}/dynamodb/aws4_request"
    digest = hashlib.sha256(request.encode()).hexdigest()
    key = f"AWS4{_SECRET}".encode()
    for part in (*scope.split("/"), f"AWS4-HMAC-SHA256\n{moment}\n{scope}\n{digest}"):
        key = hmac.digest(key, part.encode(), "sha256")
    return {
        **headers,
        "authorization": f"AWS4-HMAC-SHA256 Credential={_KEY_ID}/{scope},"
        f" SignedHeaders={_SIGNED}, Signature={key.hex()}",
    }
