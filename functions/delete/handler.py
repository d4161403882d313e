"""DELETE: delete an item with one conditional UpdateItem, which leaves a tombstone."""

from functools import partial
from http import HTTPStatus

from common.crud import table
from common.crud.answers import item_id_of
from common.crud.entity import Entity
from common.crud.etags import precondition_of
from common.entities import ENTITIES
from common.handler import lambda_handler
from common.logs.logger import logger
from common.logs.metrics import count
from common.web.requests import Request
from common.web.responses import Response


def delete(entity: Entity, request: Request) -> Response:
    """Delete an item whose status allows it."""
    item_id = item_id_of(entity, request)
    table.delete(
        entity,
        item_id,
        precondition=precondition_of(request),
        now=request.now,
        invocation_id=request.invocation_id,
    )
    count(entity.metric("deleted"))
    subject = {entity.id_field: item_id}
    logger.info(f"{entity.noun} deleted", extra=subject)
    return Response(HTTPStatus.NO_CONTENT, subject=subject)


handler = lambda_handler(
    {f"DELETE {entity.item_path}": partial(delete, entity) for entity in ENTITIES}
)
