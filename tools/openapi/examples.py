"""Examples of bodies, for people and for generators of requests."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from common.crud.changes import merge_patch, new_item
from common.crud.entity import Entity, Item
from common.crud.examples import Change, examples_of, replacement_body
from common.entities import ENTITIES
from infra.spec.schemas import page_title

ITEM_ID = "3f0e6c5a-9b1d-4c7e-8a52-0d6f1b2c3d4e"
REQUEST_ID = "8f14e45f-ceea-467f-a0e6-2c1f6d5b7a90"

_START = datetime(2026, 1, 31, 9, 30, tzinfo=UTC)
_RETENTION = timedelta(days=30)


def examples() -> Mapping[str, Mapping[str, Any]]:
    """Return the examples, by the title of their schema and by their own title."""
    return {title: each for entity in ENTITIES for title, each in _examples(entity).items()}


def _examples(entity: Entity) -> Mapping[str, Mapping[str, Any]]:
    declared = examples_of(entity)
    new = example_item(entity, declared.fullest)
    listed = {name: new[name] for name in entity.schema.fields_of("list") if name in new}
    name = entity.type_name

    def item_in(status: str) -> dict[str, Any]:
        return example_item(entity, declared.least, declared.path(status))

    return {
        f"{name}Create": declared.creates,
        f"{name}Replace": {
            change.title: replacement_body(entity, item_in(change.source), change)
            for change in declared.changes
            if "status" in change.body and declared.leads_to(change.source)
        },
        f"{name}Patch": {change.title: change.body for change in declared.changes},
        name: {
            "new": new,
            **{
                status.lower(): item_in(status)
                for status in entity.statuses[1:]
                if declared.leads_to(status)
            },
        },
        page_title(entity): {
            "with more to come": {"items": [listed], "next_cursor": "kL0bX5Yh1xZ2Q0m9"}
        },
    }


def example_item(entity: Entity, body: Item, changes: Sequence[Change] = ()) -> dict[str, Any]:
    """Return the item that a body and some changes lead to, at an invented time."""
    moments = (_START + timedelta(seconds=10 * number) for number in count())
    item = dict(new_item(entity, body, item_id=ITEM_ID, now=next(moments), created_by="a1b2c3d4e5"))
    for example in changes:
        change = merge_patch(entity, example.body, now=next(moments), retention=lambda: _RETENTION)
        grown = {name: item[name] + 1 for name in ("version", *change.increment)}
        kept = {name: value for name, value in change.keep.items() if name not in item}
        item = {**item, **kept, **change.assign, **grown}
        item = {name: value for name, value in item.items() if name not in change.clear}
    return {name: item[name] for name in entity.schema.fields if name in item}
