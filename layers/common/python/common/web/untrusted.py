"""Reading what came as JSON from elsewhere: what is not of the type it should be is not there."""

from collections.abc import Mapping
from typing import Any


def mapping(value: object) -> Mapping[str, Any]:
    """``value``, or an empty mapping if it is none."""
    return value if isinstance(value, Mapping) else {}


def text(value: object) -> str:
    """``value`` as text that UTF-8 can hold, or an empty one if it is none."""
    # JSON can spell half a surrogate pair, which neither a log line nor a header can hold.
    return value.encode(errors="replace").decode() if isinstance(value, str) else ""
