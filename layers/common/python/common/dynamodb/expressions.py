"""DynamoDB's expressions, with placeholders for names and values.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.html
"""

from collections.abc import Iterable, Mapping
from typing import Any

from common.dynamodb.attribute_values import marshal


class Expression:
    """Collects the names and values of one call's expressions.

    Args:
        values: Values that have placeholders already.
        names: Names that have placeholders already.
    """

    def __init__(
        self, values: Mapping[str, Any] | None = None, names: Mapping[str, str] | None = None
    ) -> None:
        self.names: dict[str, str] = {**(names or {})}
        """The names that have a placeholder, by their placeholders."""
        self._values: dict[str, Any] = {**(values or {})}

    def name(self, attribute: str) -> str:
        """Return the name of an attribute, or a placeholder if the name might be reserved."""
        # None of the reserved words has an underscore, and placeholders take time:
        # https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ReservedWords.html
        if "_" in attribute:
            return attribute
        self.names[f"#{attribute}"] = attribute
        return f"#{attribute}"

    def value(self, value: Any) -> str:
        """Return a placeholder for a value."""
        placeholder = f":{len(self._values)}"
        self._values[placeholder] = value
        return placeholder

    def within(self, attribute: str, values: Iterable[Any]) -> str:
        """Return the condition that the attribute has one of the values."""
        return f"{self.name(attribute)} IN ({', '.join(map(self.value, values))})"

    def arguments(self) -> dict[str, Any]:
        """Return the placeholders' names and values, as arguments of a call."""
        # DynamoDB takes no empty mapping.
        names = {"ExpressionAttributeNames": self.names} if self.names else {}
        return {**names, "ExpressionAttributeValues": marshal(self._values)}
