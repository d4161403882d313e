"""Cursors: where a list goes on, signed so that nobody can make one up.

A cursor holds the sort key of the last item on the page before. The signature covers the filters
too, so a cursor is good for the list that it came from and no other.

Keys are rotated while cursors are on their way. A new key signs only after a while, when every
execution environment knows it, and the cursors of the key before stay good for a while after.
"""

import base64
import binascii
import hashlib
import hmac
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass

from common.jobs.model import compact

_SIGNATURE_BYTES = 16


class BadCursor(ValueError):
    """The cursor is not one that this service gave out for this list."""


@dataclass(frozen=True)
class Key:
    """A key that signs cursors.

    Args:
        secret: The key itself.
        signs_from: When it signs, in epoch seconds; until then it only verifies.
        good_until: When its cursors end, in epoch seconds; None for the newest key.
    """

    secret: bytes
    signs_from: float
    good_until: float | None


def parse_keys(text: str) -> tuple[Key, ...]:
    """The keys in the parameter's text (infra/custom_resources writes it), newest first.

    Raises:
        ValueError: There are none.
    """
    try:
        # An empty list raises ValueError, too.
        (newest, *older) = (
            Key(base64.b64decode(key["secret"]), key["signs_from"], key["good_until"])
            for key in json.loads(text)
        )
    except (KeyError, TypeError) as error:
        raise ValueError("not a list of keys") from error
    return newest, *older


def sign(after: str, filters: dict[str, str | None], keys: Sequence[Key]) -> str:
    """The cursor that goes on after an item.

    Args:
        after: The sort key of the last item on the page.
        filters: The list's filters, by name.
        keys: The keys that sign cursors, newest first; at least one.
    """
    now = time.time()
    key = next((key for key in keys if key.signs_from <= now), keys[-1])
    raw = _signature(after, filters, key) + after.encode()
    # Without the padding, whose "=" would have to be escaped in a query string.
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def verify(given: str, filters: dict[str, str | None], keys: Sequence[Key]) -> str:
    """The sort key of the item after which the list goes on.

    Raises:
        BadCursor: The cursor is forged, damaged, of another list, or of a key that has ended.
    """
    try:
        padded = given.encode("ascii") + b"=" * (-len(given) % 4)
        raw = base64.b64decode(padded, altchars=b"-_", validate=True)
        signature, after = raw[:_SIGNATURE_BYTES], raw[_SIGNATURE_BYTES:].decode()
    except (UnicodeError, binascii.Error) as error:
        raise BadCursor from error
    now = time.time()
    for key in keys:
        good = key.good_until is None or key.good_until > now
        if good and hmac.compare_digest(signature, _signature(after, filters, key)):
            return after
    raise BadCursor


def _signature(after: str, filters: dict[str, str | None], key: Key) -> bytes:
    message = compact([after, sorted(filters.items())])
    return hmac.new(key.secret, message.encode(), hashlib.sha256).digest()[:_SIGNATURE_BYTES]
