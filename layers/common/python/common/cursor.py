"""Cursors: where a list goes on, signed so that nobody can make one up.

A cursor holds the key of the last item on the page before. The signature covers the filters
too, so a cursor is good for the list that it came from and no other.
"""

import base64
import binascii
import hashlib
import hmac

from common.job import compact

_SIGNATURE_BYTES = 16


class BadCursor(ValueError):
    """The cursor is not one that this service gave out for this list."""


def sign(after: str, filters: dict[str, str | None], key: bytes) -> str:
    """The cursor that goes on after the item with this key.

    Args:
        after: The key of the last item on the page.
        filters: The list's filters, by name.
        key: The secret that signs cursors.
    """
    raw = _signature(after, filters, key) + after.encode()
    # Without the padding, whose "=" would have to be escaped in a query string.
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def verify(cursor: str, filters: dict[str, str | None], key: bytes) -> str:
    """The key of the item after which the list goes on.

    Raises:
        BadCursor: The cursor is forged, damaged, or of another list.
    """
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        raw = base64.b64decode(padded, altchars=b"-_", validate=True)
        signature, after = raw[:_SIGNATURE_BYTES], raw[_SIGNATURE_BYTES:].decode()
    except (UnicodeError, binascii.Error) as error:
        raise BadCursor from error
    if not hmac.compare_digest(signature, _signature(after, filters, key)):
        raise BadCursor
    return after


def _signature(after: str, filters: dict[str, str | None], key: bytes) -> bytes:
    message = compact([after, sorted(filters.items())])
    return hmac.new(key, message.encode(), hashlib.sha256).digest()[:_SIGNATURE_BYTES]
