"""DynamoDB's notation: attribute values, and expressions with placeholders for them.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_AttributeValue.html
"""

from collections.abc import Iterable, Mapping
from typing import Any


class Expression:
    """Collects the names and values of a DynamoDB expression behind placeholders."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}
        self._values: dict[str, Any] = {}

    def name(self, attribute: str) -> str:
        """A placeholder for the name of an attribute."""
        self._names[f"#{attribute}"] = attribute
        return f"#{attribute}"

    def value(self, value: Any) -> str:
        """A placeholder for a value."""
        placeholder = f":{len(self._values)}"
        self._values[placeholder] = value
        return placeholder

    def within(self, attribute: str, values: Iterable[Any]) -> str:
        """A condition: the attribute has one of the values."""
        return f"{self.name(attribute)} IN ({', '.join(map(self.value, values))})"

    def arguments(self) -> dict[str, Any]:
        """What the placeholders stand for, as arguments of a call."""
        return {
            "ExpressionAttributeNames": self._names,
            "ExpressionAttributeValues": marshal(self._values),
        }


def marshal(values: Mapping[str, Any]) -> dict[str, Any]:
    """``values`` as DynamoDB's attribute values.

    Raises:
        TypeError: A value is none of text, integer, list and mapping.
    """
    return {key: _to_dynamodb(value) for key, value in values.items()}


def unmarshal(values: Mapping[str, Any]) -> dict[str, Any]:
    """What :func:`marshal` has made attribute values of."""
    return {key: _from_dynamodb(value) for key, value in values.items()}


def _to_dynamodb(value: Any) -> dict[str, Any]:
    # The types that an item is made of; boto3 knows the rest too, and takes long to load.
    match value:
        case str():
            return {"S": value}
        case int():
            return {"N": str(value)}
        case list():
            return {"L": [_to_dynamodb(each) for each in value]}
        case Mapping():
            return {"M": marshal(value)}
    raise TypeError(f"no attribute of a job is a {type(value).__name__}")


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
    raise TypeError(f"no attribute of a job has the type {type_}")
