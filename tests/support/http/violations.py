"""Bodies that break one rule of their schema."""

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from hypothesis import find, settings
from hypothesis import strategies as st
from jsonschema import Draft4Validator

from common.crud.examples import examples_of
from infra.spec.routes import Route
from infra.spec.schemas import schemas
from tests.support.entities import replacement

UNKNOWN_FIELD = "no_such_field"

REFUSED_TEXTS = frozenset({"no such value", "no match!", "LOST"})
"""Texts in the bodies, which answers must not repeat."""

_UNTYPED: dict[str, Any] = {
    "string": 1,
    "integer": "1",
    "number": "1",
    "boolean": 1,
    "null": 1,
    "array": {},
    "object": [],
}
"""A value of another type, by type."""

_NO_RULES = {
    "$schema",
    "title",
    "description",
    "default",
    # The validators take these as descriptions, as draft 4 allows.
    "format",
    # These belong to the limit itself.
    "exclusiveMinimum",
    "exclusiveMaximum",
}


class Violation(NamedTuple):
    """A body that breaks one rule of its schema."""

    rule: str
    pointer: str
    """The pointer of the part that breaks the rule."""
    body: Any


def valid_body(route: Route) -> dict[str, Any]:
    """Return a valid body of a route."""
    examples = examples_of(route.entity)
    match route.method:
        case "POST":
            return {**examples.least}
        case "PUT":
            return replacement(examples.least, examples.changes[0], route.entity)
        case _:
            return {**examples.changes[0].body}


def violations(route: Route) -> Iterator[Violation]:
    """Yield a body for each rule of the schema of a route's body."""
    examples = examples_of(route.entity)
    shown = [*examples.creates.values(), *(change.body for change in examples.changes)]
    for title in route.body.values():
        yield from _violations(schemas()[title], "", lambda body: body, [valid_body(route), *shown])


def _violations(
    schema: dict[str, Any], pointer: str, put: Callable[[Any], Any], shown: Sequence[Any]
) -> Iterator[Violation]:
    """Yield a violation for each rule of ``schema``.

    Args:
        schema: The schema of a part of the body.
        pointer: The pointer of that part.
        put: Returns the body with a value in place of that part.
        shown: Valid values of that part.
    """
    types = [schema["type"]] if isinstance(schema.get("type"), str) else schema.get("type", [])
    valid = shown[0] if shown else {}
    for rule, limit in schema.items():
        values: list[Any] = []
        match rule:
            case "type":
                candidates = (_UNTYPED[types[0]], *_UNTYPED.values())
                values = [
                    next(each for each in candidates if not Draft4Validator(schema).is_valid(each))
                ]
            case "additionalProperties":
                if limit is False:
                    more = {**valid, UNKNOWN_FIELD: "no such value"}
                    yield Violation(rule, f"{pointer}/{UNKNOWN_FIELD}", put(more))
            case "required":
                for name in limit:
                    assert name in valid, f"{pointer}: no example has a valid value"
                    rest = {key: value for key, value in valid.items() if key != name}
                    yield Violation(rule, f"{pointer}/{name}", put(rest))
            case "minProperties":
                values = [{}]
            case "pattern":
                values = [_text_unlike(limit)]
            case "maxLength":
                values = ["x" * (limit + 1)]
            case "minLength":
                values = ["x" * (limit - 1)] if limit else []
            case "minimum":
                values = [limit - 1]
            case "maximum":
                values = [limit + 1]
            case "enum":
                values = ["LOST"]
            case "minItems":
                values = [[]] if limit else []
            case "maxItems":
                values = [[*valid, *valid[:1] * (limit + 1)]]
            case "uniqueItems":
                values = [[*valid[:1] * 2]] if limit else []
            case "properties":
                for name, inner in limit.items():
                    yield from _violations(
                        inner,
                        f"{pointer}/{name}",
                        _with_member(put, valid, name),
                        [each[name] for each in shown if each and each.get(name) is not None],
                    )
            case "items":
                yield from _violations(
                    limit,
                    f"{pointer}/0",
                    lambda value: put([value, *valid[1:]] if valid else [value]),
                    [item for each in shown for item in each],
                )
            case _:
                known = rule in _NO_RULES or rule.startswith("x-")
                assert known, f"{rule}: add a violation"
        for value in values:
            yield Violation(rule, pointer, put(value))


def _with_member(
    put: Callable[[Any], Any], members: dict[str, Any], name: str
) -> Callable[[Any], Any]:
    return lambda value: put({**members, name: value})


def _text_unlike(pattern: str) -> str:
    if not re.search(pattern, "no match!"):
        return "no match!"
    chosen = settings(database=None, derandomize=True)
    return find(st.text(), lambda text: not re.search(pattern, text), settings=chosen)
