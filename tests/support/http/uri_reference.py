"""URI references."""

import re

_CHARACTER = r"(?:[A-Za-z0-9._~!$&'()*+,;=:@-]|%[0-9A-Fa-f]{2})"
_PATH = re.compile(rf"(?:/(?:{_CHARACTER}+(?:/{_CHARACTER}*)*)?)?")


def is_absolute_path(text: str) -> bool:
    """Return whether a text is an absolute path or empty, as a URI reference (RFC 3986, 4.2)."""
    return _PATH.fullmatch(text) is not None
