"""The JSON Schema of an item, which declares an entity's fields.

The file has the entity's own fields. ``x-bodies`` of a field lists the bodies that have the field
besides the item: ``create`` and ``change``, which callers send, and ``list``. The service sets a
field that is in neither request. ``required`` lists the fields that callers must send. ``default``
is the value of a field that they leave out.

The fields that every item has need not be in the file; an entry there gives one of them another
place or another description.
"""

import json
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, get_args

from common.contract import compact_json, parse_json

Body = Literal["create", "change", "list"]
Field = Mapping[str, Any]

_STRUCTURES = ("array", "object")


class ItemSchema:
    """The fields of an entity's items, in the order in which answers show them.

    Args:
        file: The file of the JSON Schema.
        type_name: The name of the item's type.
        id_field: The field that identifies an item.
        statuses: The values of the status.
        expires: True if items expire.
    """

    def __init__(
        self, file: Path, *, type_name: str, id_field: str, statuses: Sequence[str], expires: bool
    ) -> None:
        self._file = file
        self._service_fields = _service_fields(type_name, statuses, expires=expires)
        self._id_field = {id_field: _ID}

    @cached_property
    def file_content(self) -> Mapping[str, Any]:
        """The parsed file."""
        content: dict[str, Any] = json.loads(self._file.read_bytes())
        return content

    @cached_property
    def fields(self) -> Mapping[str, Field]:
        """The schema of each field."""
        own: Mapping[str, Field] = self.file_content["properties"]
        service = self._service_fields
        return {
            **self._id_field,
            **{name: {**service.get(name, {}), **field} for name, field in own.items()},
            **{name: field for name, field in service.items() if name not in own},
        }

    @property
    def always_set(self) -> frozenset[str]:
        """The fields that every item has."""
        sent = self.required_in("create")
        return frozenset({*sent, *self.defaults, *self._id_field, *_ALWAYS_SET})

    def fields_of(self, body: Body) -> tuple[str, ...]:
        """Return the names of the fields that a body has."""
        return self._fields_by_body[body]

    @cached_property
    def _fields_by_body(self) -> Mapping[Body, tuple[str, ...]]:
        bodies: tuple[Body, ...] = get_args(Body)
        return {
            body: tuple(
                name for name, field in self.fields.items() if body in field.get("x-bodies", ())
            )
            for body in bodies
        }

    def required_in(self, body: Literal["create", "change"]) -> tuple[str, ...]:
        """Return the names of the fields that callers must send in a create or a replacement."""
        required = {"status", *self.file_content.get("required", ())}
        return tuple(name for name in self.fields_of(body) if name in required)

    @cached_property
    def defaults(self) -> Mapping[str, Any]:
        """The values of fields that callers leave out."""
        values = {
            name: field["default"] for name, field in self.fields.items() if "default" in field
        }
        # As in a body, a number with a fraction is exact.
        exact: dict[str, Any] = parse_json(compact_json(values))
        return exact

    @cached_property
    def structured(self) -> frozenset[str]:
        """The fields that may hold an array or an object."""
        return frozenset(name for name, field in self.fields.items() if _may_be_structure(field))


_ALWAYS_SET = ("status", "version", "created_at", "updated_at")

_ID: Field = {"description": "The id", "type": "string", "format": "uuid", "x-bodies": ["list"]}


def _service_fields(
    type_name: str, statuses: Sequence[str], *, expires: bool
) -> Mapping[str, Field]:
    expiry: Mapping[str, Field] = {
        "expires_at": {
            "description": "The time of the deletion, in seconds since 1970-01-01 UTC",
            "type": "integer",
        }
    }
    return {
        "status": {
            "title": f"{type_name}Status",
            "description": "The place in the life",
            "type": "string",
            "enum": [*statuses],
            "x-bodies": ["change", "list"],
        },
        "version": {
            "description": "1, and one more with every change; in quotes, it is the ETag",
            "type": "integer",
            "minimum": 1,
            "x-bodies": ["list"],
        },
        "created_at": _time("The time of the creation"),
        "updated_at": _time("The time of the last change"),
        **(expiry if expires else {}),
        "created_by": {
            "description": (
                "The caller that created it: the id of an API key or client, a user's subject, or"
                " the ARN of a role or user"
            ),
            "type": "string",
        },
    }


def _time(description: str) -> Field:
    return {
        "description": description,
        "type": "string",
        "format": "date-time",
        "x-bodies": ["list"],
    }


def _may_be_structure(field: Field) -> bool:
    if "enum" in field:
        return any(isinstance(value, list | dict) for value in field["enum"])
    types = field.get("type", _STRUCTURES)
    return not {*([types] if isinstance(types, str) else types)}.isdisjoint(_STRUCTURES)
