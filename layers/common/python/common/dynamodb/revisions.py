"""The revisions of an item, and the preconditions that callers set on them.

Two items may have the same key, one after the other, and both have a version 1. So a revision is a
version of one incarnation, and an incarnation is the mark of the create that began it.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from common.dynamodb.expressions import Expression
from common.dynamodb.tables import INCARNATION

VERSION = "version"


class Revision(NamedTuple):
    """A version of one incarnation of an item."""

    version: int

    incarnation: bytes | None
    """None for an item that was created before incarnations were stored."""


def revision_of(item: Mapping[str, Any]) -> Revision:
    """Return the revision that an item has."""
    return Revision(item[VERSION], item.get(INCARNATION))


class Precondition(NamedTuple):
    """The revisions in which a caller wants a write to apply (RFC 9110, 13.1).

    None stands for every revision.
    """

    if_match: frozenset[Revision] | None = None
    """The item must have one of these revisions."""

    if_none_match: frozenset[Revision] | None = frozenset()
    """The item must have none of these revisions."""

    def holds(self, revision: Revision) -> bool:
        """Return whether an item with ``revision`` meets the precondition."""
        return _contains(self.if_match, revision) and not _contains(self.if_none_match, revision)

    def conditions(self, expression: Expression) -> list[str]:
        """Return the conditions of DynamoDB that hold if the precondition does."""
        conditions = []
        if self.if_match is not None:
            conditions.append(_has_one_of(expression, self.if_match))
        if self.if_none_match is None:
            conditions.append(f"attribute_not_exists({expression.name(VERSION)})")
        elif self.if_none_match:
            conditions.append(f"NOT {_has_one_of(expression, self.if_none_match)}")
        return conditions


def _contains(revisions: frozenset[Revision] | None, revision: Revision) -> bool:
    return revisions is None or revision in revisions


def _has_one_of(expression: Expression, revisions: frozenset[Revision]) -> str:
    version = expression.name(VERSION)
    if not revisions:
        return f"attribute_not_exists({version})"
    incarnation = expression.name(INCARNATION)
    each = [
        f"{version} = {expression.value(revision.version)} AND "
        + (
            f"attribute_not_exists({incarnation})"
            if revision.incarnation is None
            else f"{incarnation} = {expression.value(revision.incarnation)}"
        )
        for revision in sorted(revisions, key=str)
    ]
    return f"({' OR '.join(each)})"
