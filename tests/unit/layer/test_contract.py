"""JSON of the API: exact numbers, and nothing that other systems cannot read."""

import json
from decimal import Decimal

import pytest

from common.contract import compact_json, parse_json


@pytest.mark.parametrize(
    "text",
    [
        "1",
        "-0.5",
        "0.1",
        "1.50",
        "1E-400",
        "1.7E+308",
        "1234567890.1234567890123456789012345678901234567890",
        "1" * 300,
        *("-0", "-0.0", "0.0", "1e2", "1E5", "1.0e+02", "0.00000001", "0e7", "1e-400", "100.00"),
        "0.12345678901234567890",
        "1E-999999999999999999",
        '{"a":[0.1,{"b":"é💥"}],"c":[true,false,null]}',
        '["\\"","\\\\","\\u0000"]',
        '{"\\"":0.5}',
    ],
)
def test_json_comes_back_as_it_was_written(text: str) -> None:
    assert compact_json(parse_json(text)) == text


@pytest.mark.parametrize(
    "text",
    [
        *("NaN", "Infinity", "-Infinity", "1e999", "-1e999", "[1e400]", '{"a": NaN}', "1" * 5_000),
        *("1e-" + "9" * 20, "0e" + "9" * 20, "0e-" + "9" * 20),
    ],
)
def test_a_number_that_other_systems_cannot_read_is_not_json(text: str) -> None:
    with pytest.raises(ValueError, match=r"no number|digits"):
        parse_json(text)


def test_whole_numbers_stay_integers_and_other_numbers_become_decimals() -> None:
    values = parse_json("[1, 1.0, 1e2, -0, true]")

    assert values == [1, Decimal("1.0"), 100, 0, True]
    assert [isinstance(value, int) for value in values] == [True, False, False, False, True]
    assert [isinstance(value, Decimal) for value in values] == [False, True, True, True, False]


def test_characters_are_written_without_escapes() -> None:
    text = compact_json({"é": ["💥\u2028\x7f", Decimal("0.5")], "\n": '"\\'})

    assert text == '{"é":["💥\u2028\x7f",0.5],"\\n":"\\"\\\\"}'
    assert len(compact_json("日本").encode()) == len('"日本"'.encode()) == 8


def test_half_a_surrogate_pair_stays_an_escape() -> None:
    text = compact_json({"a": "\ud800é", "b": Decimal("0.5"), "\udfff": 1})

    assert text == '{"a":"\\ud800é","b":0.5,"\\udfff":1}'
    assert json.loads(text) == {"a": "\ud800é", "b": 0.5, "\udfff": 1}
