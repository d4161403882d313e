"""DynamoDB's attribute values."""

import pytest

from common.dynamodb.attribute_values import marshal, unmarshal


def test_values_come_back_unchanged() -> None:
    values = {"text": "", "number": -1, "list": ["a", ["b"], 2], "map": {"x": {"y": 3}}}

    assert unmarshal(marshal(values)) == values


@pytest.mark.parametrize("value", [None, 0.5, b"bytes", {"a set"}])
def test_a_value_of_another_type_is_not_stored(value: object) -> None:
    with pytest.raises(TypeError, match="cannot store"):
        marshal({"list": [value]})


def test_an_attribute_of_another_type_is_not_read() -> None:
    with pytest.raises(TypeError, match="NULL"):
        unmarshal({"name": {"NULL": True}})
