"""DynamoDB's attribute values.

A number is one of DynamoDB's own numbers, not text: they are exact to 38 decimal digits, and the
console, exports and expressions treat them as numbers.
https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_AttributeValue.html
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from decimal import Decimal

_DIGITS = 38
_EXPONENTS = range(-130, 126)
"""The digits and the decimal exponents of DynamoDB's numbers:
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html#limits-data-types-numbers"""


def marshal(values: Mapping[str, Any]) -> dict[str, Any]:
    """Convert ``values`` to DynamoDB's attribute values.

    Raises:
        TypeError: A value is not what :func:`common.contract.parse_json` returns.
        ValueError: A number has more digits than DynamoDB stores: see :func:`stored_number`.
    """
    return {key: _to_dynamodb(value) for key, value in values.items()}


def unmarshal(values: Mapping[str, Any]) -> dict[str, Any]:
    """Convert the attribute values of :func:`marshal` back."""
    return {key: _from_dynamodb(value) for key, value in values.items()}


def stored_number(value: Any) -> Any:
    """Return ``value`` as DynamoDB returns it if it is a number; any other value unchanged.

    DynamoDB keeps a number's value, but not its text: neither zeros at its end nor a sign of zero.

    Raises:
        ValueError: DynamoDB cannot store the number exactly.
    """
    if isinstance(value, bool | str | list | Mapping) or value is None:
        return value
    return _number(_digits(value))


def _to_dynamodb(value: Any) -> dict[str, Any]:
    # boto3's serializer loads slowly, and takes neither sets nor bytes out of JSON.
    match value:
        case str():
            return {"S": value}
        case bytes():
            return {"B": value}
        case bool():
            # Before the integers: Python counts True and False among them.
            return {"BOOL": value}
        case int():
            return {"N": _digits(value)}
        case None:
            return {"NULL": True}
        case list():
            return {"L": [_to_dynamodb(each) for each in value]}
        case Mapping():
            return {"M": marshal(value)}
    from decimal import Decimal

    if isinstance(value, Decimal):
        return {"N": _digits(value)}
    raise TypeError(f"cannot store a {type(value).__name__}")


def _from_dynamodb(attribute: Mapping[str, Any]) -> Any:
    ((type_, value),) = attribute.items()
    match type_:
        case "S" | "B" | "BOOL":
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


def _digits(value: "int | Decimal") -> str:
    """Return a number as DynamoDB takes it.

    Raises:
        ValueError: DynamoDB cannot store the number exactly.
    """
    if isinstance(value, int) and abs(value) < 10**_DIGITS:
        return str(value)
    from decimal import Context, Decimal, Inexact

    # Examples have floats, which stand for their shortest digits.
    exact = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
    # Without the zeros at both ends, which DynamoDB does not store, but may count.
    try:
        number = exact.normalize(Context(prec=_DIGITS, traps=[Inexact]))
    except Inexact as error:
        raise ValueError(f"more than {_DIGITS} significant digits") from error
    if not number:
        return "0"
    if number.adjusted() not in _EXPONENTS:
        raise ValueError("an exponent that DynamoDB does not have")
    return str(number)


def _number(digits: str) -> Any:
    if digits.lstrip("-").isdecimal():
        return int(digits)
    from decimal import Decimal

    number = Decimal(digits)
    return int(number) if number == number.to_integral_value() else number
