"""Lenient readers for untrusted JSON: a value of the wrong type counts as missing."""

from collections.abc import Mapping
from typing import Any


def as_mapping(value: object) -> Mapping[str, Any]:
    """Return ``value`` if it is a mapping, otherwise an empty one."""
    return value if isinstance(value, Mapping) else {}


def as_text(value: object) -> str:
    """Return ``value`` as text that UTF-8 can encode if it is text, otherwise an empty one."""
    # JSON can spell half a surrogate pair, which neither a log line nor a header can hold.
    return value.encode(errors="replace").decode() if isinstance(value, str) else ""


def as_header(value: object) -> str:
    """Return ``value`` if it is text that a header can hold unchanged, otherwise an empty one."""
    text = as_text(value)
    fits = text.isascii() and text.isprintable() and text == text.strip()
    return text if fits and text == value else ""
