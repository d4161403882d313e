"""The JSON Schema keywords that a field may have.

API Gateway's models and the functions' validators read draft 4, and OpenAPI 3.1 reads 2020-12.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from common.crud.item_schema import Field

ALIKE = frozenset(
    {
        *("type", "enum", "title", "description", "default", "format"),
        *("minimum", "maximum", "multipleOf", "minLength", "maxLength", "pattern"),
        *("items", "minItems", "maxItems", "uniqueItems"),
        *("properties", "patternProperties", "additionalProperties", "required"),
        *("minProperties", "maxProperties", "allOf", "anyOf", "oneOf", "not"),
    }
)
"""The keywords that mean the same in both dialects, with the restrictions of :func:`mistakes`."""

_BOUNDS = {"exclusiveMinimum": "minimum", "exclusiveMaximum": "maximum"}
"""In draft 4, whether the bound itself is refused; in 2020-12, the bound."""

_RULE = "write a rule in rules.py"
_WRITE_OUT = "write the schema out"
_ADVICE = {
    **dict.fromkeys(("$ref", "$defs", "definitions"), _WRITE_OUT),
    **dict.fromkeys(("if", "then", "else", "dependencies", "contains", "propertyNames"), _RULE),
    "const": "write an enum with one value",
    "examples": "write them into examples.py",
    "nullable": "add null to the type",
    "readOnly": "leave create and change out of x-bodies",
}
_OTHERWISE = "leave it out, since draft 4 and OpenAPI 3.1 do not share it"


def subschemas(schema: Field) -> Iterator[tuple[str, Any]]:
    """Yield the schemas directly within a schema, each with its place."""
    for keyword in ("properties", "patternProperties"):
        for name, inner in schema.get(keyword, {}).items():
            yield f"{keyword}/{name}", inner
    for keyword in ("items", "not", "additionalProperties"):
        # additionalProperties may be a boolean.
        if isinstance(schema.get(keyword), dict):
            yield keyword, schema[keyword]
    for keyword in ("allOf", "anyOf", "oneOf"):
        for number, inner in enumerate(schema.get(keyword, ())):
            yield f"{keyword}/{number}", inner


def mistakes(where: str, schema: Field, *, sent: bool) -> Iterator[str]:
    """Yield a sentence for each keyword that the dialects do not share.

    Args:
        where: The place of the schema.
        schema: The schema.
        sent: Whether callers send its values.
    """
    for keyword in sorted(schema.keys() - ALIKE - _BOUNDS.keys()):
        article = "an" if keyword[0] in "aeiou" else "a"
        yield f"{where} has {article} {keyword}; {_ADVICE.get(keyword, _OTHERWISE)}."
    for keyword, bound in _BOUNDS.items():
        if keyword in schema and not (isinstance(schema[keyword], bool) and bound in schema):
            yield f"{where} must have a {bound} and {keyword}: true, as in draft 4."
    if not isinstance(schema.get("items", {}), dict):
        yield f"{where} must have one schema for all items."
    if not isinstance(schema.get("multipleOf", 1), int):
        yield f"{where} must have an integer in multipleOf, since others are inexact."
    if schema.get("required") == []:
        yield f"{where} has an empty required; leave it out, as draft 4 forbids it."
    if sent and "format" in schema and "pattern" not in schema:
        yield f"{where} has a format, which nothing checks; add a pattern."
    for place, inner in subschemas(schema):
        yield from mistakes(f"{where}/{place}", inner, sent=sent)


def of_openapi(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return a schema of draft 4 in the dialect of OpenAPI 3.1."""
    converted = {
        keyword: _converted(keyword, value)
        for keyword, value in schema.items()
        if keyword not in {"$schema", *_BOUNDS}
    }
    for keyword, bound in _BOUNDS.items():
        if schema.get(keyword) is True:
            converted[keyword] = converted.pop(bound)
    return converted


def _converted(keyword: str, value: Any) -> Any:
    if keyword in {"properties", "patternProperties"}:
        return {name: of_openapi(inner) for name, inner in value.items()}
    if keyword in {"items", "not", "additionalProperties"} and isinstance(value, dict):
        return of_openapi(value)
    if keyword in {"allOf", "anyOf", "oneOf"}:
        return [of_openapi(inner) for inner in value]
    return value
