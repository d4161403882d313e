"""Signed cursors: the position at which a list continues.

A cursor holds the sort key of the last item on the page before. Its signature (HMAC-SHA256) covers
the filters too, so a cursor is valid for its own list only, and callers cannot forge one.

Keys are rotated while callers hold cursors. A new key signs only once every execution environment
has read it, and the cursors of the key before it stay valid for a while.
"""

import base64
import binascii
import hashlib
import hmac
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from common.exceptions import BadCursor
from common.settings import SETTINGS
from common.ssm_config_loader import SsmParameter

_SIGNATURE_BYTES = 16


@dataclass(frozen=True)
class Key:
    """A key that signs cursors."""

    secret: bytes
    """The key itself."""

    signs_from: float
    """The time from which the key signs, in epoch seconds; until then it only verifies."""

    good_until: float | None
    """The time at which the key's cursors end, in epoch seconds; None for the newest key."""


def parse_keys(text: str) -> tuple[Key, ...]:
    """Parse the parameter that infra/custom_resources writes; the newest key comes first.

    Raises:
        ValueError: The text holds no keys.
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


@cache
def _parameter() -> SsmParameter[tuple[Key, ...]]:
    return SsmParameter(SETTINGS.cursor_key_parameter, parse_keys)


def signing_keys() -> tuple[Key, ...]:
    """Return the keys that sign cursors, the newest first.

    Raises:
        ParameterMissing: SSM has never returned the keys.
    """
    return _parameter().get()


def sign(after: str, filters: Mapping[str, str | None], keys: Sequence[Key]) -> str:
    """Return the cursor that continues after an item.

    Args:
        after: The sort key of the last item on the page.
        filters: The list's filters, by name.
        keys: The keys that sign cursors, the newest first; at least one.
    """
    now = time.time()
    key = next((key for key in keys if key.signs_from <= now), keys[-1])
    raw = _signature(after, filters, key) + after.encode()
    # Without padding: "=" would have to be escaped in a query string.
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def verify(cursor: str, filters: Mapping[str, str | None], keys: Sequence[Key]) -> str:
    """Return the sort key after which the list continues.

    Raises:
        BadCursor: The cursor is forged, damaged, of another list, or of an expired key.
    """
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
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


def _signature(after: str, filters: Mapping[str, str | None], key: Key) -> bytes:
    # Escaped, as in the cursors that callers hold.
    message = json.dumps([after, sorted(filters.items())], separators=(",", ":"))
    return hmac.new(key.secret, message.encode(), hashlib.sha256).digest()[:_SIGNATURE_BYTES]
