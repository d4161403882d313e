"""DynamoDB's attribute values."""

from decimal import Decimal

import pytest

from common.dynamodb.attribute_values import marshal, unmarshal


def test_values_come_back_unchanged() -> None:
    values = {"text": "", "number": -1, "list": ["a", ["b"], 2], "map": {"x": {"y": 3}}}

    assert unmarshal(marshal(values)) == values


@pytest.mark.parametrize("value", [0.5, b"bytes", {"a set"}])
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
