"""The entity tags of items (RFC 9110, 8.8.3): a version, and the incarnation that it belongs to.

A version alone would come again: an item that is deleted and created anew starts with version 1.
"""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode

from common.dynamodb.revisions import Precondition, Revision
from common.web.entity_tags import ANY, EntityTag, Tags
from common.web.requests import Request

# Items that were created before incarnations were stored have a version alone.
_OPAQUE = re.compile("([1-9][0-9]{0,17})(?:-([A-Za-z0-9_-]{8}))?")


def etag_of(revision: Revision) -> str:
    """Return the entity tag of a revision."""
    if revision.incarnation is None:
        return f'"{revision.version}"'
    return f'"{revision.version}-{urlsafe_b64encode(revision.incarnation).decode()}"'


def is_among(etag: str, tags: Tags) -> bool:
    """Return whether an item's entity tag is among those of If-None-Match, weak ones included."""
    return tags is ANY or any(f'"{tag.opaque}"' == etag for tag in tags)


def precondition_of(request: Request) -> Precondition:
    """Return the precondition of a request: its If-Match and If-None-Match headers.

    Raises:
        Problem: 400 if a header is malformed.
    """
    if_match, if_none_match = request.if_match, request.if_none_match
    return Precondition(
        # If-Match compares strongly, If-None-Match weakly (RFC 9110, 13.1).
        if_match=None if if_match is None else _revisions(if_match, weak=False),
        if_none_match=frozenset()
        if if_none_match is None
        else _revisions(if_none_match, weak=True),
    )


def _revisions(tags: Tags, *, weak: bool) -> frozenset[Revision] | None:
    """Return the revisions that tags stand for; None for every revision."""
    if tags is ANY:
        return None
    revisions = (_revision(tag) for tag in tags if weak or not tag.weak)
    return frozenset(revision for revision in revisions if revision)


def _revision(tag: EntityTag) -> Revision | None:
    """Return the revision that a tag stands for; None if this service has not issued the tag."""
    match = _OPAQUE.fullmatch(tag.opaque)
    if not match:
        return None
    version, incarnation = match.groups()
    return Revision(int(version), urlsafe_b64decode(incarnation) if incarnation else None)
