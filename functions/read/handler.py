"""GET: read one item by GetItem, or list items by Query."""

from dataclasses import replace
from functools import partial
from http import HTTPStatus

from common.crud import listing, table
from common.crud.answers import item_id_of, item_response
from common.crud.entity import Entity
from common.crud.etags import is_among
from common.entities import ENTITIES
from common.handler import lambda_handler
from common.web.requests import Request
from common.web.responses import Response


def read_one(entity: Entity, request: Request) -> Response:
    """Read one item, unless the caller has it already."""
    tags = request.if_none_match
    stored = table.get(entity, item_id_of(entity, request))
    response = item_response(entity, HTTPStatus.OK, stored)
    # API Gateway's cache tells requests apart by one line of the header, and a 304 that belongs to
    # several lines must not answer a request with one of them.
    if tags is None or stored.etag is None or request.repeats("If-None-Match"):
        return response
    if is_among(stored.etag, tags):
        return replace(response, status=HTTPStatus.NOT_MODIFIED, body=None)
    return response


def read_many(entity: Entity, request: Request) -> Response:
    """List items, newest first, one page at a time."""
    return Response(HTTPStatus.OK, listing.page(entity, request.query))


handler = lambda_handler(
    {f"GET {entity.item_path}": partial(read_one, entity) for entity in ENTITIES}
    | {f"GET {entity.path}": partial(read_many, entity) for entity in ENTITIES}
)
