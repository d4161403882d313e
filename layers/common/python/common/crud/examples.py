"""Examples of an entity's bodies: for its documentation, the checks of a deployment and the tests.

No function imports this module.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Literal

from common.crud.entity import Entity, Item


@dataclass(frozen=True)
class Change:
    """A patch that changes an item."""

    title: str
    """A clause in the imperative, such as "Start the job"."""

    source: str
    """The status before."""

    target: str
    """The status after."""

    body: Item
    """The patch; with a status, it is a valid replacement, too."""


@dataclass(frozen=True)
class BrokenRule:
    """A body that matches its schema and breaks a rule of the entity."""

    kind: Literal["create", "change"]
    body: Item
    pointer: str
    """The JSON pointer to the member that breaks the rule."""


@dataclass(frozen=True, kw_only=True)
class Examples:
    """The examples of one entity."""

    creates: Mapping[str, Item]
    """Bodies that create an item, by title. The first one has the required fields only."""

    changes: Sequence[Change]
    """A change for each transition, and one for each status that may stay."""

    broken_rules: Sequence[BrokenRule] = ()
    """A body for each rule of the entity that is not in its schema."""

    unique: Callable[[str], Item] = lambda _: {}
    """Returns values of the entity's filters, different for each word of hexadecimal digits."""

    @property
    def least(self) -> Item:
        """The body with the required fields only."""
        return next(iter(self.creates.values()))

    def new(self, word: str) -> Item:
        """Return a body whose filters differ from those of other words."""
        return {**self.least, **self.unique(word)}

    def path(self, target: str, source: str | None = None) -> list[Change]:
        """Return the shortest way to a status, by default from that of a new item.

        Raises:
            LookupError: No changes lead there.
        """
        start = source or self.changes[0].source
        ways: dict[str, list[Change]] = {start: []}
        queue = [start]
        while target not in ways and queue:
            status = queue.pop(0)
            for change in self.changes:
                if change.source == status and change.target not in ways:
                    ways[change.target] = [*ways[status], change]
                    queue.append(change.target)
        if target not in ways:
            raise LookupError(f"no examples lead from {start} to {target}")
        return ways[target]

    def life(self) -> list[Change]:
        """Return the longest life without a repeated status; it includes a change without one."""
        lives = [[]] if not self.changes else [*_lives(self.changes, self.changes[0].source)]
        longest = max(lives, key=len)
        staying = {change.source: change for change in self.changes if "status" not in change.body}
        result: list[Change] = []
        for change in longest:
            if change.source in staying:
                result.append(staying.pop(change.source))
            result.append(change)
        return result


def _lives(
    changes: Sequence[Change], status: str, seen: frozenset[str] = frozenset()
) -> list[list[Change]]:
    seen = seen | {status}
    lives = [
        [change, *rest]
        for change in changes
        if change.source == status and change.target not in seen
        for rest in _lives(changes, change.target, seen)
    ]
    return lives or [[]]


def examples_of(entity: Entity) -> Examples:
    """Return the examples of an entity, which are in its package."""
    examples: Examples = import_module(f"{entity.package}.examples").EXAMPLES
    return examples
