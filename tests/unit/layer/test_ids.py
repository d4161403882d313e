"""Ids and fingerprints."""

from common import ids


def test_a_derived_id_tells_its_parts_apart() -> None:
    assert ids.derived_id("caller-1", "2") == ids.derived_id("caller-1", "2")
    assert ids.derived_id("caller-1", "2") != ids.derived_id("caller-", "12")


def test_a_fingerprint_does_not_depend_on_the_order_of_fields() -> None:
    assert ids.fingerprint({"a": 1, "b": {"c": 2, "d": 3}}) == ids.fingerprint(
        {"b": {"d": 3, "c": 2}, "a": 1}
    )
    assert ids.fingerprint({"a": 1}) != ids.fingerprint({"a": "1"})
