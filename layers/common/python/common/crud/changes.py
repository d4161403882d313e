"""New items, and changes of items, as bodies describe them.

A change is computed from the request alone. The statuses in which it applies are part of the
result, so that the table can check them in the same write.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from common.crud.entity import Change, Entity, Item
from common.dynamodb.attribute_values import stored_number
from common.exceptions import RuleBroken

Retention = Callable[[], timedelta | None]
"""Returns the time that an item is kept once it expires; None for ever."""


def timestamp(moment: datetime) -> str:
    """Return ``moment`` in RFC 3339, UTC, with milliseconds."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def new_item(entity: Entity, body: Item, *, item_id: str, now: datetime, created_by: str) -> Item:
    """Create the item that a body describes.

    Args:
        entity: The entity.
        body: A body that is valid under the schema of a create.
        item_id: The id of the new item.
        now: The time of the creation.
        created_by: The identity of the caller.

    Raises:
        RuleBroken: The body breaks a rule of the entity.
    """
    values = {
        **entity.schema.defaults,
        **_stored_numbers(entity, body),
        entity.id_field: item_id,
        "status": entity.statuses[0],
        "version": 1,
        "created_at": timestamp(now),
        "updated_at": timestamp(now),
        "created_by": created_by,
    }
    item = {name: values[name] for name in entity.schema.fields if name in values}
    entity.rules.check_new(item)
    return item


def replacement(entity: Entity, body: Item, *, now: datetime, retention: Retention) -> Change:
    """Create the change that replaces all fields of an item that callers may change.

    A field that the body leaves out gets its default, or loses its value.

    Args:
        entity: The entity.
        body: A body that is valid under the schema of a replacement.
        now: The time of the change.
        retention: Called if the change makes the item expire.

    Raises:
        RuleBroken: The body breaks a rule of the entity.
    """
    values = {name: body.get(name) for name in entity.schema.fields_of("change")}
    return _change(entity, values, frozenset(body), now, retention)


def merge_patch(entity: Entity, body: Item, *, now: datetime, retention: Retention) -> Change:
    """Create the change that a merge patch (RFC 7396) describes.

    Args:
        entity: The entity.
        body: A body that is valid under the schema of a patch; None resets a field to its default,
            or clears it.
        now: The time of the change.
        retention: Called if the change makes the item expire.

    Raises:
        RuleBroken: The body breaks a rule of the entity.
    """
    return _change(entity, body, frozenset(), now, retention)


def _change(
    entity: Entity, values: Item, nullable: frozenset[str], now: datetime, retention: Retention
) -> Change:
    """Create a change; None is a value only of the fields in ``nullable``."""
    values = _stored_numbers(entity, values)
    defaults = entity.schema.defaults
    status = values.get("status")
    assign: dict[str, Any] = {"updated_at": timestamp(now)}
    clear: set[str] = set()
    for name, value in values.items():
        if value is not None or name in nullable:
            assign[name] = value
        elif name in defaults:
            assign[name] = defaults[name]
        elif name != "status":
            clear.add(name)
    kept_for = retention() if status in entity.expires_in else None
    if kept_for is not None:
        assign["expires_at"] = int((now + kept_for).timestamp())
    elif status is not None and entity.expires_in:
        clear.add("expires_at")
    change = Change(entity.sources(status), status, assign, clear=frozenset(clear))
    return entity.rules.complete(change, values)


def _stored_numbers(entity: Entity, body: Item) -> Item:
    """Return a body with numbers as the table returns them, except those in arrays and objects."""
    return {
        name: value if name in entity.schema.structured else _stored_number(name, value)
        for name, value in body.items()
    }


def _stored_number(name: str, value: Any) -> Any:
    try:
        return stored_number(value)
    except ValueError as error:
        raise RuleBroken(
            f"/{name}", "must have at most 38 significant digits, from 1E-130 to below 1E+126"
        ) from error
