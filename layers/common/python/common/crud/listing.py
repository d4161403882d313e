"""Lists of items: the query parameters, the page, and the cursor to the next page."""

import re
from collections.abc import Mapping
from typing import Any

from common.crud import configuration, table
from common.crud.entity import Entity
from common.dynamodb import cursors
from common.exceptions import BadQuery

_NUMBER = re.compile("[1-9][0-9]{0,8}")


def page(entity: Entity, query: Mapping[str, str]) -> dict[str, Any]:
    """Return one page of items, newest first.

    Args:
        entity: The entity.
        query: The parameters ``status``, ``limit``, ``cursor`` and the entity's filters, all
            optional. Others are ignored, since the cache key does not hold them.

    Returns:
        ``items``, summaries of items; and ``next_cursor``, absent on the last page.

    Raises:
        BadQuery: A parameter has an invalid value.
        BadCursor: The cursor does not belong to this list.
        ParameterMissing: A cursor needs its keys, and SSM does not return them.
        Unavailable: DynamoDB failed.
    """
    filters = {
        name: _valid(entity, name, query[name])
        for name in ("status", *entity.filters)
        if name in query
    }
    limit = _limit(query.get("limit"))
    signed = {"list": entity.collection, **filters}
    after = None
    if (cursor := query.get("cursor")) is not None:
        after = cursors.verify(cursor, signed, cursors.signing_keys())
    items = table.query(entity, filters, limit=limit, after=after)
    body: dict[str, Any] = {"items": items.items}
    if items.after is not None:
        body["next_cursor"] = cursors.sign(items.after, signed, cursors.signing_keys())
    return body


def _valid(entity: Entity, name: str, value: str) -> str:
    """Return the value of a filter if the field may have it."""
    schema = entity.schema.fields[name]
    choices = schema.get("enum")
    if choices and value not in choices:
        raise BadQuery(f"{name} must be one of {', '.join(choices)}.")
    pattern = schema.get("pattern")
    # As in the validators: "$" must not match before a newline at the end.
    if pattern and not re.search(re.sub(r"(?<!\\)\$", r"\\Z", pattern), value):
        raise BadQuery(f"{name} must match {pattern}.")
    longest = schema.get("maxLength")
    if not value or (longest and len(value) > longest):
        raise BadQuery(f"{name} must have 1 to {longest} characters.")
    return value


def _limit(text: str | None) -> int:
    sizes = configuration.current()
    if text is None:
        return sizes.page_size_default
    if not _NUMBER.fullmatch(text) or int(text) > sizes.page_size_max:
        raise BadQuery(f"limit must be a whole number from 1 to {sizes.page_size_max}.")
    return int(text)
