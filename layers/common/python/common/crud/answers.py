"""Requests about an item, and responses that show one."""

from collections.abc import Mapping
from http import HTTPStatus

from common.crud.entity import Entity, Item
from common.crud.table import Stored
from common.exceptions import NotFound
from common.ids import is_id
from common.web.requests import Request
from common.web.responses import Response


def item_id_of(entity: Entity, request: Request) -> str:
    """Return the item's id in the request's path.

    Raises:
        NotFound: No item can have this id.
    """
    item_id = request.path_parameters.get(entity.id_field, "")
    if not is_id(item_id):
        raise NotFound(entity.noun)
    return item_id


def location_of(entity: Entity, request: Request, item: Item) -> str:
    """Return the Location of an item for an answer to a request on its collection."""
    item_id: str = item[entity.id_field]
    # Relative to the request's URL, so that it fits every stage and base path. To API Gateway, a
    # path with a slash at its end is the same route.
    return item_id if request.path.endswith("/") else f"{entity.collection}/{item_id}"


def item_response(
    entity: Entity, status: HTTPStatus, stored: Stored, headers: Mapping[str, str] | None = None
) -> Response:
    """Create the response that shows an item, with its ETag if that is known."""
    ids = entity.ids(stored.item)
    item_id = ids.pop(entity.id_field)
    etag = {} if stored.etag is None else {"ETag": stored.etag}
    return Response(
        status,
        stored.item,
        {**etag, **(headers or {})},
        subject={entity.id_field: item_id},
        annotations=ids,
    )
