"""The declaration of an entity. A declaration is data: it knows neither AWS nor HTTP."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from common.crud.item_schema import ItemSchema

Item = Mapping[str, Any]
"""An item as callers see it. Times are RFC 3339, UTC, with milliseconds."""


@dataclass(frozen=True)
class Change:
    """An update of an item, and the statuses in which it applies."""

    sources: frozenset[str]
    """The statuses that the item may have before; none if no item may become ``status``."""
    status: str | None
    """The status that the item has afterwards; None to keep its status."""
    assign: Mapping[str, Any]
    """Fields that get a new value."""
    keep: Mapping[str, Any] = field(default_factory=dict)
    """Fields that get this value only if they have none."""
    clear: frozenset[str] = frozenset()
    """Fields that lose their value."""
    increment: frozenset[str] = frozenset()
    """Numbers that grow by one, besides the version."""

    @property
    def time(self) -> str:
        """The time of the change."""
        time: str = self.assign["updated_at"]
        return time


class Rules:
    """The rules of an entity that its schema and its transitions cannot express: none.

    An entity with more rules has a subclass that overrides some of these methods.
    """

    def check_new(self, item: Item) -> None:
        """Check a new item, whose body is valid under the schema.

        Raises:
            RuleBroken: The item breaks a rule.
        """

    def complete(self, change: Change, body: Item) -> Change:  # noqa: ARG002 - for subclasses
        """Return a change, completed by the fields that the service sets.

        The item is not known here: one conditional write both checks and changes it.

        Args:
            change: The change that follows from the body.
            body: The body of the request, valid under the schema.

        Raises:
            RuleBroken: The change breaks a rule.
        """
        return change

    def event(
        self,
        change: Change,
        item: Item,  # noqa: ARG002 - for subclasses
        filled: frozenset[str],  # noqa: ARG002 - for subclasses
    ) -> str | None:
        """Name the event that a change caused, in lower case; None if it is not worth a log line.

        By default this is the move to another status.

        Args:
            change: The change.
            item: The item, at some time after the change.
            filled: The fields in ``change.keep`` that had no value before the change.
        """
        # A write does not know the status before, so any other source makes it an event.
        if change.status is None or change.sources <= {change.status}:
            return None
        return event_of(change.status)

    def durations(self, event: str, item: Item) -> Mapping[str, float]:  # noqa: ARG002 - for subclasses
        """Return the durations that an event completes, in milliseconds, by metric.

        Args:
            event: The event, as :meth:`event` names it.
            item: The item, at some time after the event.
        """
        return {}


@dataclass(frozen=True, kw_only=True, eq=False)
class Entity:
    """One kind of item: its words, its fields, its life and its lists."""

    noun: str
    """The word for one item, in lower case."""

    plural: str
    """The word for several items, in lower case; the path and the metrics are named after it."""

    article: Literal["a", "an"] = "a"
    """The indefinite article of the noun."""

    folder: Path
    """The entity's package: it holds ``schema.json``, ``examples.py`` and ``generated/``."""

    transitions: Mapping[str, frozenset[str]]
    """The statuses that an item may move to, by its current status. The first one is that of a new
    item. A change without a status applies in each status that may move to itself."""

    deletable: frozenset[str]
    """The statuses in which an item may be deleted."""

    filters: tuple[str, ...] = ()
    """The fields that lists filter by, besides the status. Each has an index, so it is text that is
    set by the create and limited in length."""

    expires_in: frozenset[str] = frozenset()
    """The statuses whose items expire, some days after they got there; none to keep all items."""

    failures: frozenset[str] = frozenset()
    """The statuses that count as failures for the alarm on their share; none for no alarm."""

    ended: frozenset[str] = frozenset()
    """The statuses of which ``failures`` are a share."""

    events: tuple[str, ...] = ()
    """The events that ``rules`` names; by default the moves to another status."""

    durations: tuple[str, ...] = ()
    """The metrics of the durations that ``rules`` measures."""

    rules: Rules = field(default_factory=Rules)
    """The rules that the schema and the transitions cannot express."""

    @cached_property
    def schema(self) -> ItemSchema:
        """The fields."""
        return ItemSchema(
            self.folder / "schema.json",
            type_name=self.type_name,
            id_field=self.id_field,
            statuses=self.statuses,
            expires=bool(self.expires_in),
        )

    @property
    def package(self) -> str:
        """The name of the entity's package."""
        return f"common.entities.{self.folder.name}"

    def validator(self, body: Literal["create", "replace", "patch"]) -> str:
        """Return the name of the module that validates a body."""
        return f"{self.package}.generated.{body}"

    @property
    def id_field(self) -> str:
        """The field that identifies an item."""
        return f"{self.noun.replace(' ', '_')}_id"

    @property
    def collection(self) -> str:
        """The name of all items, as a segment of a path."""
        return self.plural.replace(" ", "-")

    @property
    def path(self) -> str:
        """The path of all items."""
        return f"/{self.collection}"

    @property
    def item_path(self) -> str:
        """The path of one item, with a placeholder for its id."""
        return f"{self.path}/{{{self.id_field}}}"

    @property
    def type_name(self) -> str:
        """The noun as the name of a type."""
        return _camel_case(self.noun)

    @property
    def plural_type_name(self) -> str:
        """The plural as the name of a type."""
        return _camel_case(self.plural)

    @property
    def statuses(self) -> tuple[str, ...]:
        """All statuses; the first one is that of a new item."""
        # An enumeration's members are text, but do not print as text.
        return tuple(map(str, self.transitions))

    @property
    def all_events(self) -> tuple[str, ...]:
        """The events in an item's life between its creation and its deletion."""
        return self.events or tuple(
            event_of(status) for status in self.transitions if self.sources(status) - {status}
        )

    def sources(self, status: str | None) -> frozenset[str]:
        """Return the statuses that may move to ``status``; for None, those that may stay."""
        return frozenset(
            before for before, after in self.transitions.items() if (status or before) in after
        )

    def metric(self, event: str) -> str:
        """Return the metric that counts an event."""
        return f"{self.plural_type_name}{_camel_case(event)}"

    def ids(self, item: Item) -> dict[str, str]:
        """Return the fields that log lines and traces name: the id and the filters."""
        return {name: item[name] for name in (self.id_field, *self.filters) if name in item}


def event_of(status: str) -> str:
    """Return the event of an item's move to a status."""
    return status.lower().replace("_", " ")


def _camel_case(words: str) -> str:
    return "".join(word.capitalize() for word in words.split())
