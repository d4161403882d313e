"""Create events as API Gateway's Lambda proxy integration sends them."""

import json
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from common.contract import JSON, MERGE_PATCH
from common.crud.entity import Entity
from common.entities import ENTITIES

_CONTENT_TYPES = {"POST": JSON, "PUT": JSON, "PATCH": MERGE_PATCH}


def gateway_event(
    method: str,
    path: str,
    body: object = None,
    *,
    headers: Mapping[str, str | list[str]] | None = None,
    query: Mapping[str, str] | None = None,
    request_id: str | None = None,
    api_key_id: str = "key-1",
    subject: str | None = None,
    signer: str | None = None,
    entities: Sequence[Entity] = ENTITIES,
) -> dict[str, Any]:
    """Return the event of a request.

    Args:
        method: The HTTP method, which also sets the default Content-Type.
        path: The path of a collection or of an item.
        body: Text to send unchanged, or an object to send as JSON; None for no body.
        headers: Further headers; a list is one line each.
        query: The query parameters.
        request_id: API Gateway's id of the request; random by default.
        api_key_id: The id of the caller's API key.
        subject: The subject of the caller's access token; None without a token.
        signer: The ARN of the IAM identity that signed the request; None without a signature.
        entities: The entities; one of them has the path.
    """
    collection, _, item_id = path.removeprefix("/").partition("/")
    entity = next(entity for entity in entities if entity.collection == collection)
    content_type = {"Content-Type": _CONTENT_TYPES[method]} if method in _CONTENT_TYPES else {}
    lines = {
        name: [value] if isinstance(value, str) else value
        for name, value in {**content_type, **(headers or {})}.items()
    }
    return {
        "httpMethod": method,
        "resource": entity.item_path if item_id else entity.path,
        "path": path,
        "pathParameters": {entity.id_field: item_id} if item_id else None,
        "queryStringParameters": query,
        "headers": {name: values[-1] for name, values in lines.items()},
        "multiValueHeaders": lines,
        "body": body if isinstance(body, str) or body is None else json.dumps(body),
        "isBase64Encoded": False,
        "requestContext": {
            "path": f"/test{path}",
            "requestId": request_id or str(uuid.uuid4()),
            "identity": {"apiKeyId": api_key_id, "userArn": signer},
            **({"authorizer": {"claims": {"sub": subject}}} if subject else {}),
        },
    }
