"""Examples of an entity's bodies: for its documentation, the checks of a deployment and the tests.

No function imports this module.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from itertools import islice
from typing import Literal

from common.crud.entity import Entity, Item


@dataclass(frozen=True)
class Change:
    """A patch that changes an item."""

    title: str
    """A clause in the imperative, such as "Start the work"."""

    source: str
    """The status before."""

    target: str
    """The status after."""

    body: Item
    """The patch."""

    @property
    def keeps_status(self) -> bool:
        """True if the status is the same before and after."""
        return self.source == self.target


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
    """Bodies that create an item, by title. The first one has the required fields only, the last
    one the most fields."""

    changes: Sequence[Change]
    """A change for each transition, and one for each status that may stay."""

    broken_rules: Sequence[BrokenRule] = ()
    """A body for each rule of the entity that is not in its schema."""

    unique: Callable[[str], Item] = lambda _: {}
    """Returns values of the entity's filters, different for each word of hexadecimal digits."""

    initial: str = ""
    """The status of a new item; :func:`examples_of` sets it."""

    @property
    def least(self) -> Item:
        """The body with the required fields only."""
        return next(iter(self.creates.values()))

    @property
    def fullest(self) -> Item:
        """The body with the most fields."""
        return [*self.creates.values()][-1]

    def new(self, word: str) -> Item:
        """Return a body whose filters differ from those of other words."""
        return {**self.least, **self.unique(word)}

    def path(self, target: str, source: str | None = None) -> list[Change]:
        """Return the shortest way to a status, by default from that of a new item.

        Raises:
            LookupError: No changes lead there.
        """
        start = source or self.initial
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

    def leads_to(self, status: str) -> bool:
        """Return whether a new item has a status, or changes lead to it."""
        try:
            self.path(status)
        except LookupError:
            return False
        return True

    def life(self, ends: Collection[str] = ()) -> list[Change]:
        """Return the longest life that reaches no status twice, with the changes that keep one.

        Args:
            ends: The statuses in which it shall end, if any life does.
        """
        lives = [*islice(self._lives(self.initial, frozenset()), _MOST_LIVES)]
        ending = [life for life in lives if (life[-1].target if life else self.initial) in ends]
        staying = {change.source: change for change in self.changes if change.keeps_status}
        result = [staying[self.initial]] if self.initial in staying else []
        for change in max(ending or lives, key=len):
            result.append(change)
            if change.target in staying:
                result.append(staying[change.target])
        return result

    def _lives(self, status: str, seen: frozenset[str]) -> Iterator[list[Change]]:
        """Yield the lives that start with a status, each after those that it begins with."""
        seen = seen | {status}
        yield []
        for change in self.changes:
            if change.source == status and change.target not in seen:
                for rest in self._lives(change.target, seen):
                    yield [change, *rest]

    def refused(self, status: str) -> Change | None:
        """Return a change that items with a status do not allow; None if they allow all."""
        allowed = {change.target for change in self.changes if change.source == status}
        return next(
            (change for change in self.changes if change.body.get("status", status) not in allowed),
            None,
        )


_MOST_LIVES = 10_000
"""There are many if each status may move to most others."""


def examples_of(entity: Entity) -> Examples:
    """Return the examples of an entity, which are in its package."""
    examples: Examples = import_module(f"{entity.package}.examples").EXAMPLES
    return replace(examples, initial=entity.statuses[0])


def replacement_body(entity: Entity, item: Item, change: Change) -> Item:
    """Return the body of the PUT that makes a change: its patch, and what a PUT must have besides.

    Args:
        entity: The entity.
        item: The item before.
        change: The change.
    """
    kept = {name: item[name] for name in entity.schema.required_in("change") if name in item}
    return {**kept, **{name: value for name, value in change.body.items() if value is not None}}


def invalid_body(entity: Entity) -> Item:
    """Return a body that creates no item, since it lacks a field or has an unknown one."""
    body = {**examples_of(entity).least}
    required = entity.schema.required_in("create")
    if not required:
        return {**body, "unknown_field": 1}
    del body[required[-1]]
    return body
