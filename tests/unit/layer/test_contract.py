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
        '{"a":[0.1,{"b":"\\u00e9\\ud83d\\udca5"}],"c":[true,false,null]}',
        '["\\"","\\\\","\\u0000"]',
        '{"\\"":0.5}',
    ],
)
def test_json_comes_back_with_all_digits(text: str) -> None:
    assert compact_json(parse_json(text)) == text


@pytest.mark.parametrize(
    "text",
    ["NaN", "Infinity", "-Infinity", "1e999", "-1e999", "[1e400]", '{"a": NaN}', "1" * 5_000],
)
def test_a_number_that_no_double_reaches_is_not_json(text: str) -> None:
    with pytest.raises(ValueError, match=r"no number|digits"):
        parse_json(text)


def test_whole_numbers_stay_integers_and_fractions_become_decimals() -> None:
    assert [type(value) for value in parse_json("[1, 1.0, 1e2, true]")] == [
        int,
        Decimal,
        Decimal,
        bool,
    ]


def test_half_a_surrogate_pair_stays_ascii() -> None:
    text = compact_json({"a": "\ud800", "b": Decimal("0.5")})

    assert text == '{"a":"\\ud800","b":0.5}'
    assert json.loads(text) == {"a": "\ud800", "b": 0.5}
