"""GET: read one item by GetItem, or list items by Query."""

from functools import partial
from http import HTTPStatus

from common.crud import listing, table
from common.crud.answers import item_id_of, item_response
from common.crud.entity import Entity
from common.entities import ENTITIES
from common.handler import lambda_handler
from common.web.requests import Request
from common.web.responses import Response


def read_one(entity: Entity, request: Request) -> Response:
    """Read one item."""
    return item_response(entity, HTTPStatus.OK, table.get(entity, item_id_of(entity, request)))


def read_many(entity: Entity, request: Request) -> Response:
    """List items, newest first, one page at a time."""
    return Response(HTTPStatus.OK, listing.page(entity, request.query))


handler = lambda_handler(
    {f"GET {entity.item_path}": partial(read_one, entity) for entity in ENTITIES}
    | {f"GET {entity.path}": partial(read_many, entity) for entity in ENTITIES}
)
