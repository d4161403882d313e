"""Checks of the entities' declarations, before anything is generated or synthesized from them.

Each mistake here would otherwise show much later: as a refused deployment, as a 500 for a caller,
or as data that DynamoDB deletes.
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from itertools import chain
from logging import makeLogRecord
from typing import Any, get_args

import fastjsonschema

from common.crud.changes import merge_patch, new_item, replacement
from common.crud.entity import Entity, Item, event_of
from common.crud.examples import BrokenRule, Change, Examples, examples_of, replacement_body
from common.crud.item_schema import Body, Field
from common.crud.keys import EXPIRY, SHARD, SORT_KEY, STATUS_SHARD, indexes, projections
from common.dynamodb.tables import OWN_ATTRIBUTES, giver_of
from common.exceptions import RuleBroken
from infra.spec import keywords
from infra.spec.log_archive import PARTITIONS, PLATFORM_COLUMNS
from infra.spec.schemas import PROBLEM_SCHEMA, request_schemas, titles

MAX_KEY_CHARACTERS = 512
"""An index takes 2,048 bytes as a partition key, and a character has up to four in UTF-8:
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html"""

MAX_INDEXES = 20
"""The indexes of a table, by the same page."""

MAX_PROJECTED = 100
"""The attributes that all indexes of a table project together, by the same page."""

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_STATUS = re.compile(r"[A-Z][A-Z0-9_]*")
WORDS = re.compile(r"[a-z]+( [a-z]+)*")
"""The form of a noun and of its plural."""


_SERVICE_FIELDS = ("version", "created_at", "updated_at", "created_by")
_ATTRIBUTES = frozenset({SORT_KEY, SHARD, STATUS_SHARD, *OWN_ATTRIBUTES})

_TAKEN = frozenset(
    {
        # Log lines and traces.
        *PLATFORM_COLUMNS,
        *PARTITIONS,
        "outcome",
        # The queries of lists.
        "cursor",
        "limit",
        # Python's logger refuses the names of a record's attributes.
        *vars(makeLogRecord({})),
        "asctime",
    }
)
"""The names that mean something else where an item is found by its id or by a filter."""

_NOW = datetime(2026, 1, 31, tzinfo=UTC)
_ID = "3f0e6c5a-9b1d-4c7e-8a52-0d6f1b2c3d4e"


class DeclarationError(Exception):
    """The declaration of an entity cannot work; the message says what to change."""


def check(entities: Sequence[Entity]) -> None:
    """Check the declarations of all entities.

    Raises:
        DeclarationError: At least one has a mistake.
    """
    for entity in entities:
        try:
            _ = entity.schema.file_content
        except ValueError as error:
            raise DeclarationError(f"{entity.folder}/schema.json is not JSON: {error}") from error
    mistakes = [
        *_mistakes_together(entities),
        *(
            f"{entity.plural}: {mistake}"
            for entity in entities
            for mistake in mistakes_of(entity, examples_of(entity))
        ),
    ]
    if mistakes:
        raise DeclarationError("\n".join(mistakes))


def mistakes_of(entity: Entity, examples: Examples) -> list[str]:
    """Return the mistakes of a declaration and of its examples, each as a sentence."""
    mistakes = [*_words(entity), *_life(entity), *_fields(entity), *_filters(entity)]
    # The other checks take a declaration that makes sense.
    return mistakes or [*_examples(entity, examples)]


def _mistakes_together(entities: Sequence[Entity]) -> Iterator[str]:
    shared: Mapping[str, Iterable[str]] = {
        "path": (entity.path for entity in entities),
        "schema": chain([PROBLEM_SCHEMA], *(titles(entity) for entity in entities)),
        "metric": chain(
            *(
                [*map(entity.metric, ("created", "deleted", *entity.all_events)), *entity.durations]
                for entity in entities
            )
        ),
    }
    for kind, names in shared.items():
        for name, number in Counter(names).items():
            if number > 1:
                yield f"Two entities have the {kind} {name}; rename the noun, plural or duration."


def _words(entity: Entity) -> Iterator[str]:
    for name, words in (("noun", entity.noun), ("plural", entity.plural)):
        if not WORDS.fullmatch(words):
            yield f"{name} must be words in lower case, not {words!r}."
    if entity.noun == entity.plural:
        yield "noun and plural must differ, since types and operations are named after both."


def _life(entity: Entity) -> Iterator[str]:
    statuses = frozenset(entity.statuses)
    if not statuses:
        yield "transitions must name at least one status."
    for status in sorted(statuses):
        if not _STATUS.fullmatch(status):
            yield f"The status {status!r} must be in upper case, with digits and underscores."
    groups: Mapping[str, frozenset[str]] = {
        "deletable": entity.deletable,
        "expires_in": entity.expires_in,
        "failures": entity.failures,
        "ended": entity.ended,
    }
    for before, after in entity.transitions.items():
        for status in sorted(after - statuses):
            yield f"{before} may move to {status}, which has no row in transitions."
    for name, group in groups.items():
        for status in sorted(group - statuses):
            yield f"{name} has the status {status}, which transitions does not list."
    for status in sorted(entity.failures - entity.ended):
        yield f"The failure {status} must be in ended, since the alarm is on a share of these."
    if entity.failures:
        for status in sorted(entity.ended):
            event = event_of(status)
            if event not in entity.all_events:
                yield (
                    f"No event is named {event!r}, so the alarm on failures would not see"
                    f" items that become {status}; add the event, or a transition to the status."
                )
    for event in entity.all_events:
        if event in {"created", "deleted"}:
            yield f"events must not have {event}, which create and delete name already."


def _fields(entity: Entity) -> Iterator[str]:
    schema = entity.schema
    file = schema.file_content
    own: Mapping[str, Field] = file.get("properties", {})
    for name, field in own.items():
        where = f"schema.json: {name}"
        if not _NAME.fullmatch(name):
            yield f"{where} must be a name of letters, digits and underscores."
        taken = _ATTRIBUTES | set(map(giver_of, entity.schema.fields))
        if name in taken or (name == EXPIRY and not entity.expires_in):
            yield f"{where} is an attribute that the table needs itself; rename the field."
        for body in field.get("x-bodies", ()):
            if body not in get_args(Body):
                yield f"{where} has the unknown body {body!r} in x-bodies."
        bodies = {*field.get("x-bodies", ())}
        described = {keyword: value for keyword, value in field.items() if keyword != "x-bodies"}
        yield from keywords.mistakes(where, described, sent=bool(bodies & {"create", "change"}))
        if "default" in field:
            yield from _default(where, field)
    for name in (entity.id_field, "status", *_SERVICE_FIELDS, EXPIRY):
        sent = {"create", "change"} & {*schema.fields.get(name, {}).get("x-bodies", ())}
        if name == "status":
            sent -= {"change"}
        if sent:
            yield f"schema.json: {name} is set by the service, so take it out of {sorted(sent)[0]}."
    if "list" not in schema.fields["status"].get("x-bodies", ()):
        yield "schema.json: status must be in lists, which filter by it."
    if "change" not in schema.fields["status"].get("x-bodies", ()):
        yield "schema.json: status must be in changes."
    for name in file.get("required", ()):
        if name not in {*schema.fields_of("create"), *schema.fields_of("change")}:
            yield f"schema.json: {name} is required, but in no body that callers send."


def _default(where: str, field: Field) -> Iterator[str]:
    try:
        valid = not _errors(field, field["default"])
    except fastjsonschema.JsonSchemaDefinitionException as error:
        yield f"{where} is not a JSON Schema of draft 4: {error} {json.dumps(field)}"
        return
    if not valid:
        yield f"{where} has a default that its own schema refuses."


def _filters(entity: Entity) -> Iterator[str]:
    schema = entity.schema
    if isinstance(entity.filters, str):
        yield f'filters must be a tuple, such as ("{entity.filters}",).'
        return
    for name in (entity.id_field, *entity.filters):
        if name in _TAKEN:
            yield (
                f"Items cannot be found by a field {name}: log lines or lists use this name for"
                f" something else. Choose another, such as item_{name}."
            )
    for name in entity.filters:
        where = f"The filter {name}"
        if name not in schema.fields or name in _SERVICE_FIELDS:
            yield f"{where} must be a field of schema.json."
            continue
        field = schema.fields[name]
        bodies = {*field.get("x-bodies", ())}
        if "create" not in bodies:
            yield f"{where} must be in the body of a create."
        if "list" not in bodies:
            yield f"{where} must be in lists, since a list with two filters compares it there."
        if "change" in bodies and name not in schema.required_in("change"):
            yield f"{where} must be required if it may be changed: its index holds no empty value."
        yield from _key(where, field)
    count = len(indexes(entity))
    if count > MAX_INDEXES:
        yield f"A table has at most {MAX_INDEXES} indexes; take out {count - MAX_INDEXES} filters."
    projected = sum(map(len, projections(entity).values()))
    if projected > MAX_PROJECTED:
        yield (
            f"The indexes would project {projected} attributes, and DynamoDB allows"
            f" {MAX_PROJECTED}; take fields out of lists, or take out filters."
        )


def _key(where: str, field: Field) -> Iterator[str]:
    if "enum" in field:
        if not all(isinstance(value, str) and value for value in field["enum"]):
            yield f"{where} must be text in each value of its enum, since it is an index's key."
        return
    if field.get("type") != "string":
        yield f"{where} must have the type string and no other, since it is an index's key."
    if field.get("maxLength", MAX_KEY_CHARACTERS + 1) > MAX_KEY_CHARACTERS:
        yield f"{where} must have a maxLength of at most {MAX_KEY_CHARACTERS}."
    may_be_empty = field.get("minLength", 0) < 1 and (
        "pattern" not in field or re.search(field["pattern"], "")
    )
    if may_be_empty:
        yield f"{where} must have a minLength or a pattern that refuses empty text."


def _examples(entity: Entity, examples: Examples) -> Iterator[str]:
    schemas = request_schemas(entity)
    if not examples.creates:
        yield "examples.py has no body that creates an item."
        return
    least = {*entity.schema.required_in("create")}
    if least != {*examples.least}:
        yield f"examples.py: the first create must have the required fields only: {sorted(least)}."
    for title, body in (
        *examples.creates.items(),
        ("unique", {**examples.least, **examples.unique("0123456789abcdef")}),
    ):
        where = f"examples.py: the create {title!r}"
        yield from _invalid(where, schemas["create"], body)
        yield from _broken(where, partial(_item, entity, body))
    for name in entity.filters:
        if name not in examples.unique("0"):
            yield f"examples.py: unique must return a value of the filter {name}."
    for change in examples.changes:
        yield from _change(entity, examples, schemas, change)
    shown = Counter((change.source, change.target) for change in examples.changes)
    for source, targets in entity.transitions.items():
        for target in sorted(targets):
            if not shown[source, target]:
                yield f"examples.py has no change from {source} to {target}."
    for rule in examples.broken_rules:
        yield from _rule(entity, schemas, rule)


def _change(
    entity: Entity, examples: Examples, schemas: Mapping[str, Any], change: Change
) -> Iterator[str]:
    where = f"examples.py: the change {change.title!r}"
    if change.target not in entity.transitions.get(change.source, ()):
        yield f"{where} leads from {change.source} to {change.target}, which no transition allows."
    if change.body.get("status", change.source) != change.target:
        yield f"{where} must have the status {change.target} in its body."
    yield from _invalid(where, schemas["patch"], change.body)
    yield from _broken(
        where, lambda: merge_patch(entity, change.body, now=_NOW, retention=_retention)
    )
    if "status" in change.body:
        body = replacement_body(entity, examples.least, change)
        yield from _invalid(f"{where}, as a replacement,", schemas["replace"], body)
        yield from _broken(
            f"{where}, as a replacement,",
            lambda: replacement(entity, body, now=_NOW, retention=_retention),
        )


def _rule(entity: Entity, schemas: Mapping[str, Any], rule: BrokenRule) -> Iterator[str]:
    where = f"examples.py: the body that breaks a rule at {rule.pointer}"
    kind = "create" if rule.kind == "create" else "patch"
    yield from _invalid(where, schemas[kind], rule.body)
    try:
        if rule.kind == "create":
            _item(entity, rule.body)
        else:
            merge_patch(entity, rule.body, now=_NOW, retention=_retention)
    except RuleBroken as broken:
        if broken.pointer != rule.pointer:
            yield f"{where} breaks the rule at {broken.pointer} first."
    else:
        yield f"{where} breaks no rule."


def _invalid(where: str, schema: Mapping[str, Any], body: Item) -> Iterator[str]:
    for error in _errors(schema, dict(body)):
        yield f"{where} is invalid: {error}."


def _broken(where: str, apply: Callable[[], object]) -> Iterator[str]:
    try:
        apply()
    except RuleBroken as broken:
        yield f"{where} breaks a rule: {broken.pointer} {broken.detail}."


def _errors(schema: Mapping[str, Any], value: object) -> list[str]:
    try:
        _validator(json.dumps(schema))(value)
    except fastjsonschema.JsonSchemaValueException as error:
        return [error.message]
    return []


@cache
def _validator(schema: str) -> Callable[[object], object]:
    compiled: Callable[[object], object] = fastjsonschema.compile(
        json.loads(schema), use_default=False, use_formats=False
    )
    return compiled


def _item(entity: Entity, body: Item) -> Item:
    return new_item(entity, body, item_id=_ID, now=_NOW, created_by="caller")


def _retention() -> timedelta:
    return timedelta(days=1)
