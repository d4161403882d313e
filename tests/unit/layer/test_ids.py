"""Ids and fingerprints."""

from decimal import Decimal

import pytest

from common import ids
from common.contract import parse_json


def test_a_derived_id_tells_its_parts_apart() -> None:
    assert ids.derived_id("caller-1", "2") == ids.derived_id("caller-1", "2")
    assert ids.derived_id("caller-1", "2") != ids.derived_id("caller-", "12")


def test_a_fingerprint_does_not_depend_on_the_order_of_fields() -> None:
    assert ids.fingerprint({"a": 1, "b": {"c": 2, "d": 3}}) == ids.fingerprint(
        {"b": {"d": 3, "c": 2}, "a": 1}
    )
    assert ids.fingerprint({"a": 1}) != ids.fingerprint({"a": "1"})


def test_a_fingerprint_depends_on_every_digit_of_a_number() -> None:
    longer = Decimal("0.10000000000000000000000000000000000001")
    bodies: list[dict[str, object]] = [
        {"a": [Decimal("0.1"), longer]},
        {"a": [longer, Decimal("0.1")]},
        {"a": [Decimal("0.1"), Decimal("0.1")]},
        {"a": [Decimal("0.1"), str(longer)]},
        {"a": [Decimal("0.1"), [str(longer)]]},
        {"a": [Decimal("1E-400"), 0]},
        {"a": [Decimal("1E-401"), 0]},
    ]

    assert len({ids.fingerprint(body) for body in bodies}) == len(bodies)


def test_a_fingerprint_of_a_short_fraction_is_that_of_its_float() -> None:
    # The fingerprints of items that an older version stored stay valid.
    assert ids.fingerprint({"a": Decimal("0.5")}) == ids.fingerprint({"a": 0.5})


@pytest.mark.parametrize(
    ("body", "fingerprint"),
    [
        (
            '{"a":[1e2,-0,1.50,"\\u00e9"],"b":-0}',
            "58601272d43bffd05c60944aebd478052ed339a67fae9c0414e63b557e2f678b",
        ),
        (
            '{"a":[1E+2,0,1.5,"é"],"b":0}',
            "58601272d43bffd05c60944aebd478052ed339a67fae9c0414e63b557e2f678b",
        ),
        (
            '{"a":[1e2,-0,1e-400,0.12345678901234567890,-0.0,1E5]}',
            "4107b98792855dc533392ace6ad0ee294b39e9626b583169ba92c50ec0727645",
        ),
    ],
)
def test_a_fingerprint_is_that_of_the_first_version(body: str, fingerprint: str) -> None:
    # Version 1 stored these fingerprints, which replays are compared with.
    assert ids.fingerprint(parse_json(body)) == fingerprint
