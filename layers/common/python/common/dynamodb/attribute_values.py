"""DynamoDB's attribute values.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_AttributeValue.html
"""

from collections.abc import Mapping
from typing import Any


def marshal(values: Mapping[str, Any]) -> dict[str, Any]:
    """Convert ``values`` to DynamoDB's attribute values.

    Raises:
        TypeError: A value is not text, an integer, a list or a mapping.
    """
    return {key: _to_dynamodb(value) for key, value in values.items()}


def unmarshal(values: Mapping[str, Any]) -> dict[str, Any]:
    """Convert the attribute values of :func:`marshal` back."""
    return {key: _from_dynamodb(value) for key, value in values.items()}


def _to_dynamodb(value: Any) -> dict[str, Any]:
    # Only the types that items consist of; boto3's serializer knows all types and loads slowly.
    match value:
        case str():
            return {"S": value}
        case int():
            return {"N": str(value)}
        case list():
            return {"L": [_to_dynamodb(each) for each in value]}
        case Mapping():
            return {"M": marshal(value)}
    raise TypeError(f"cannot store a {type(value).__name__}")


def _from_dynamodb(attribute: Mapping[str, Any]) -> Any:
    ((type_, value),) = attribute.items()
    match type_:
        case "S":
            return value
        case "N":
            return int(value)
        case "L":
            return [_from_dynamodb(each) for each in value]
        case "M":
            return unmarshal(value)
    raise TypeError(f"cannot read an attribute of type {type_}")
