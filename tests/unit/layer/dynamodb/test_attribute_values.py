"""DynamoDB's attribute values."""

from decimal import Decimal

import pytest

from common.dynamodb.attribute_values import marshal, stored_number, unmarshal


def test_values_come_back_unchanged() -> None:
    values = {
        "text": "",
        "bytes": b"",
        "number": -1,
        "list": ["a", ["b"], 2],
        "map": {"x": {"y": 3}},
    }

    assert unmarshal(marshal(values)) == values


@pytest.mark.parametrize("value", [0.5, bytearray(b"bytes"), {"a set"}])
def test_a_value_of_another_type_is_not_stored(value: object) -> None:
    with pytest.raises(TypeError, match="cannot store"):
        marshal({"list": [value]})


def test_an_attribute_of_another_type_is_not_read() -> None:
    with pytest.raises(TypeError, match="SS"):
        unmarshal({"name": {"SS": ["a set"]}})


@pytest.mark.parametrize(
    ("value", "attribute"),
    [
        (True, {"BOOL": True}),
        (False, {"BOOL": False}),
        (None, {"NULL": True}),
        (1, {"N": "1"}),
        (Decimal("1.50"), {"N": "1.5"}),
        ([True, None], {"L": [{"BOOL": True}, {"NULL": True}]}),
    ],
)
def test_a_value_is_stored_as_its_own_type(value: object, attribute: dict[str, object]) -> None:
    assert marshal({"value": value}) == {"value": attribute}
    back = unmarshal({"value": attribute})["value"]
    assert (back, type(back)) == (value, type(value))


@pytest.mark.parametrize(
    ("value", "digits"),
    [
        (Decimal("0E+300"), "0"),
        (Decimal("-0.0"), "0"),
        (Decimal("1." + "0" * 60), "1"),
        (10**40, "1E+40"),
        (10**38 - 1, "9" * 38),
        (Decimal("9.99E+125"), "9.99E+125"),
        (Decimal("1E-130"), "1E-130"),
    ],
)
def test_a_number_is_stored_without_zeros_that_do_not_count(value: object, digits: str) -> None:
    assert stored_number(value) == value
    assert marshal({"value": value}) == {"value": {"N": digits}}
    back = unmarshal({"value": {"N": digits}})["value"]
    assert back == value
    assert (str(back), type(back)) == (str(stored_number(value)), type(stored_number(value)))


@pytest.mark.parametrize(
    "value", [10**38 + 1, 10**126, Decimal("1E+126"), Decimal("1E-131"), Decimal("0." + "1" * 39)]
)
def test_a_number_that_would_be_rounded_is_not_stored(value: object) -> None:
    with pytest.raises(ValueError, match=r"digits|exponent"):
        stored_number(value)
    with pytest.raises(ValueError, match=r"digits|exponent"):
        marshal({"value": value})


@pytest.mark.parametrize("digits", ["1E+2", "100", "100.0"])
def test_a_whole_number_is_read_as_an_integer(digits: str) -> None:
    value = unmarshal({"value": {"N": digits}})["value"]

    assert (value, type(value)) == (100, int)
