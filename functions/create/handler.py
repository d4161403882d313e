"""POST: create an item with one conditional PutItem."""

from functools import partial
from http import HTTPStatus

from common import ids
from common.crud import table
from common.crud.answers import item_response, location_of
from common.crud.changes import new_item
from common.crud.entity import Entity
from common.entities import ENTITIES
from common.handler import lambda_handler
from common.logs.logger import logger
from common.logs.metrics import count
from common.web.requests import Request
from common.web.responses import Response


def create(entity: Entity, request: Request) -> Response:
    """Create an item; with an Idempotency-Key, the same item for every retry."""
    body = request.json(entity.validator("create"))
    key = request.idempotency_key
    stored, replayed = table.create(
        entity,
        new_item(
            entity,
            body,
            item_id=ids.derived_id(request.caller, key) if key else ids.new_id(),
            now=request.now,
            created_by=request.caller,
        ),
        # Without a key, no other request is the same create.
        fingerprint=ids.fingerprint(body) if key else None,
        invocation_id=request.invocation_id,
    )
    location = {"Location": location_of(entity, request, stored.item)}
    if replayed:
        count("IdempotencyReplays")
        headers = {**location, "Idempotency-Replayed": "true"}
        return item_response(entity, HTTPStatus.OK, stored, headers)
    count(entity.metric("created"))
    logger.info(f"{entity.noun} created", extra=entity.ids(stored.item))
    return item_response(entity, HTTPStatus.CREATED, stored, location)


handler = lambda_handler({f"POST {entity.path}": partial(create, entity) for entity in ENTITIES})
