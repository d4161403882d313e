"""DynamoDB's attribute values.

A number is one of DynamoDB's own numbers, not text: they are exact to 38 decimal digits, and the
console, exports and expressions treat them as numbers.
https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_AttributeValue.html
"""

from collections.abc import Mapping
from typing import Any

_DIGITS = 38
_EXPONENTS = range(-130, 126)
"""The digits and the decimal exponents of DynamoDB's numbers:
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html#limits-data-types-numbers"""


def marshal(values: Mapping[str, Any]) -> dict[str, Any]:
    """Convert ``values`` to DynamoDB's attribute values.

    Raises:
        TypeError: A value is not what :func:`common.contract.parse_json` returns.
    """
    return {key: _to_dynamodb(value) for key, value in values.items()}


def unmarshal(values: Mapping[str, Any]) -> dict[str, Any]:
    """Convert the attribute values of :func:`marshal` back."""
    return {key: _from_dynamodb(value) for key, value in values.items()}


def number_fits(value: Any) -> bool:
    """Return whether DynamoDB can store ``value`` exactly, if it is a number."""
    if isinstance(value, bool | str | list | Mapping) or value is None:
        return True
    if isinstance(value, int) and abs(value) < 10**_DIGITS:
        return True
    from decimal import Decimal

    number = Decimal(value)
    digits = "".join(map(str, number.as_tuple().digits)).strip("0")
    return not digits or (len(digits) <= _DIGITS and number.adjusted() in _EXPONENTS)


def _to_dynamodb(value: Any) -> dict[str, Any]:
    # boto3's serializer loads slowly, and takes neither sets nor bytes out of JSON.
    match value:
        case str():
            return {"S": value}
        case bool():
            # Before the integers: Python counts True and False among them.
            return {"BOOL": value}
        case int():
            return {"N": str(value)}
        case None:
            return {"NULL": True}
        case list():
            return {"L": [_to_dynamodb(each) for each in value]}
        case Mapping():
            return {"M": marshal(value)}
    from decimal import Decimal

    if isinstance(value, Decimal):
        return {"N": str(value)}
    raise TypeError(f"cannot store a {type(value).__name__}")


def _from_dynamodb(attribute: Mapping[str, Any]) -> Any:
    ((type_, value),) = attribute.items()
    match type_:
        case "S" | "BOOL":
            return value
        case "N":
            return _number(value)
        case "NULL":
            return None
        case "L":
            return [_from_dynamodb(each) for each in value]
        case "M":
            return unmarshal(value)
    raise TypeError(f"cannot read an attribute of type {type_}")


def _number(digits: str) -> Any:
    if digits.lstrip("-").isdecimal():
        return int(digits)
    from decimal import Decimal

    return Decimal(digits)
