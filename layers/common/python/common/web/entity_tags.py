"""The entity tags of If-Match and If-None-Match (RFC 9110, 8.8.3, 13.1.1 and 13.1.2)."""

import re
from enum import Enum
from typing import Final, Literal, NamedTuple, TypeAlias

from common.contract import ENTITY_TAG

# A tag may hold a comma. Empty elements of a list are ignored (RFC 9110, 5.6.1.2).
_EMPTY = r"[ \t,]*"
_LIST = re.compile(rf"{_EMPTY}({ENTITY_TAG}([ \t]*,{_EMPTY}{ENTITY_TAG})*{_EMPTY})?")
_TAG = re.compile(ENTITY_TAG)


class EntityTag(NamedTuple):
    """An entity tag that a caller sent. The service may not have issued it."""

    opaque: str
    """The text between the quotes."""

    weak: bool
    """True if the tag begins with ``W/``."""


class _Wildcard(Enum):
    ANY = "*"


ANY: Final = _Wildcard.ANY
"""The value ``*``, which matches any item that exists."""

Tags: TypeAlias = tuple[EntityTag, ...] | Literal[_Wildcard.ANY]
"""The value of a header: ANY, or a list of entity tags. An empty list matches nothing."""


def parse_tags(text: str, maximum: int) -> Tags:
    """Parse the value of an If-Match or If-None-Match header.

    Args:
        text: The value; the values of repeated lines, joined by commas.
        maximum: The most entity tags.

    Raises:
        ValueError: The text is neither ``*`` nor a list of at most ``maximum`` entity tags.
    """
    if text.strip(" \t") == ANY.value:
        return ANY
    tags = [match.group() for match in _TAG.finditer(text)]
    if len(tags) > maximum or not _LIST.fullmatch(text):
        raise ValueError("not a list of entity tags")
    return tuple(EntityTag(tag.removeprefix("W/")[1:-1], tag.startswith("W/")) for tag in tags)
