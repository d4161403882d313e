"""PUT and PATCH: change an item with one conditional UpdateItem."""

from functools import partial
from http import HTTPStatus

from common.contract import MERGE_PATCH
from common.crud import table
from common.crud.answers import item_id_of, item_response
from common.crud.changes import merge_patch, replacement
from common.crud.configuration import retention
from common.crud.entity import Change, Entity
from common.crud.etags import precondition_of
from common.entities import ENTITIES
from common.handler import lambda_handler
from common.logs.logger import logger
from common.logs.metrics import count, measure
from common.web.requests import Request
from common.web.responses import Response


def replace(entity: Entity, request: Request) -> Response:
    """Replace all fields that callers may change."""
    body = request.json(entity.validator("replace"))
    return apply(entity, request, replacement(entity, body, now=request.now, retention=retention))


def patch(entity: Entity, request: Request) -> Response:
    """Merge a patch (RFC 7396) into the fields that callers may change."""
    body = request.json(entity.validator("patch"), media_type=MERGE_PATCH)
    return apply(entity, request, merge_patch(entity, body, now=request.now, retention=retention))


def apply(entity: Entity, request: Request, change: Change) -> Response:
    """Apply a change, and count the event that it causes."""
    item_id = item_id_of(entity, request)
    stored = table.update(
        entity,
        item_id,
        change,
        precondition=precondition_of(request),
        invocation_id=request.invocation_id,
    )
    if stored is None:
        # The change was applied, and another request has deleted the item since.
        return Response(HTTPStatus.NO_CONTENT, subject={entity.id_field: item_id})
    item = stored.item
    if event := entity.rules.event(change, item, stored.filled):
        count(entity.metric(event))
        for metric, milliseconds in entity.rules.durations(event, item).items():
            measure(metric, milliseconds)
        logger.info(f"{entity.noun} {event}", extra=entity.ids(item))
    return item_response(entity, HTTPStatus.OK, stored)


handler = lambda_handler(
    {f"PUT {entity.item_path}": partial(replace, entity) for entity in ENTITIES}
    | {f"PATCH {entity.item_path}": partial(patch, entity) for entity in ENTITIES}
)
