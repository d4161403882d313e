"""Ids and fingerprints."""

import json
import uuid
from collections.abc import Mapping
from hashlib import sha256
from typing import Any


def new_id() -> str:
    """Return a random id."""
    return str(uuid.uuid4())


def derived_id(*parts: str) -> str:
    """Return the id that always follows from ``parts``, such as a caller and its key."""
    return str(uuid.uuid5(uuid.NAMESPACE_OID, json.dumps(parts)))


def is_id(text: str) -> bool:
    """Return whether ``text`` is an id in the form that this module writes."""
    try:
        return str(uuid.UUID(text)) == text
    except ValueError:
        return False


def fingerprint(body: Mapping[str, Any]) -> str:
    """Return a hash that two bodies share if they hold the same JSON.

    It does not depend on how a number is written, and is that of items which older versions stored.
    """
    fractions: list[Any] = []

    def to_float(number: Any) -> float:
        from decimal import Decimal

        if str(number) == "-0":
            # An integer, which older versions read as 0.
            return 0
        # Without the text in which it was written.
        fractions.append(Decimal(number))
        return float(number)

    text = json.dumps(body, sort_keys=True, default=to_float)
    # json cannot write a Decimal as a number, and a float holds only some of them exactly.
    if any(type(fraction)(repr(float(fraction))) != fraction for fraction in fractions):
        text = "\n".join([text, *map(str, fractions)])
    return sha256(text.encode()).hexdigest()
