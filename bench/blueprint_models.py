"""The models of the blueprint, written from an entity's declaration.

They are the code that the blueprint's author would write: pydantic must not do more at run time
than with models written by hand.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from common.crud.entity import Entity
from infra.spec.schemas import request_schemas

_TYPES = {
    "string": "str",
    "integer": "int",
    "number": "Decimal",
    "boolean": "bool",
    "object": "dict[str, Any]",
    "array": "list[Any]",
    "null": "None",
}
_CONSTRAINTS = {
    "pattern": "pattern",
    "minLength": "min_length",
    "maxLength": "max_length",
    "minimum": "ge",
    "maximum": "le",
}
_HEADER = '''"""The models and the words of the entity."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field
'''


def models_source(entity: Entity) -> str:
    """Return the source of the blueprint's module ``models``."""
    schema = request_schemas(entity)["create"]
    statuses = ", ".join(map(repr, entity.statuses))
    return "\n".join(
        (
            _HEADER,
            f"NOUN = {entity.noun!r}",
            f"PATH = {entity.path!r}",
            f"ID_FIELD = {entity.id_field!r}",
            f"INITIAL = {entity.statuses[0]!r}",
            f"METRIC = {entity.metric('created')!r}",
            f"IDEMPOTENCY_KEY = '[{', '.join(schema['properties'])}]'",
            "",
            "",
            "class NewItem(BaseModel):",
            '    model_config = ConfigDict(extra="forbid")',
            "",
            *_fields(schema),
            "",
            "",
            "class Item(NewItem):",
            f"    {entity.id_field}: str",
            f"    status: Literal[{statuses}]",
            "    created_at: datetime",
            "    version: int",
            "",
        )
    )


def _fields(schema: Mapping[str, Any]) -> Iterator[str]:
    for name, field in schema["properties"].items():
        type_ = _type(field)
        constraints = [
            f"{_CONSTRAINTS[key]}={field[key]!r}" for key in _CONSTRAINTS if key in field
        ]
        if constraints:
            type_ = f"Annotated[{type_}, Field({', '.join(constraints)})]"
        if "default" in field:
            yield f"    {name}: {type_} = {field['default']!r}"
        elif name in schema.get("required", ()):
            yield f"    {name}: {type_}"
        else:
            yield f"    {name}: {type_ if type_.endswith('None') else f'{type_} | None'} = None"


def _type(field: Mapping[str, Any]) -> str:
    if "enum" in field:
        return f"Literal[{', '.join(map(repr, field['enum']))}]"
    types = field.get("type", "any")
    names = [types] if isinstance(types, str) else types
    return " | ".join(_TYPES.get(name, "Any") for name in names)
