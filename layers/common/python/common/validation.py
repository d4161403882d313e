"""The validation of bodies, by modules that are generated from JSON Schemas.

API Gateway's models come from the same schemas.
"""

from importlib import import_module
from typing import Any

from fastjsonschema import JsonSchemaValueException, JsonSchemaValuesException


def errors(validator: str, value: Any) -> list[tuple[str, str]]:
    """Return the errors of ``value`` under a schema: JSON pointers (RFC 6901) and details.

    Args:
        validator: The generated module's name.
        value: Parsed JSON.
    """
    validate = import_module(validator).validate
    try:
        validate(value)
    except JsonSchemaValuesException:
        # -0 is an integer of JSON. Its type is none, and few bodies have it.
        try:
            validate(_without_signed_zeros(value))
        except JsonSchemaValuesException as invalid:
            return [detail for error in invalid.errors for detail in _details(error)]
    return []


def _without_signed_zeros(value: Any) -> Any:
    match value:
        case dict():
            return {name: _without_signed_zeros(each) for name, each in value.items()}
        case list():
            return [_without_signed_zeros(each) for each in value]
        case bool() | int() | str() | None:
            return value
    return 0 if str(value) == "-0" else value


def _details(error: JsonSchemaValueException) -> list[tuple[str, str]]:
    pointer = "".join(f"/{part}" for part in error.path[1:])
    if error.rule == "required":
        missing = [name for name in error.rule_definition if name not in error.value]
        return [(f"{pointer}/{name}", "is required") for name in missing]
    if error.rule == "additionalProperties":
        unknown = sorted(set(error.value) - set(error.definition["properties"]))
        return [(f"{pointer}/{_escaped(name)}", "is not a known field") for name in unknown]
    return [(pointer, error.message.removeprefix(error.name or "").strip())]


def _escaped(name: str) -> str:
    # RFC 6901, 3
    return name.replace("~", "~0").replace("/", "~1")
