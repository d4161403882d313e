"""The gateway's models and the functions' own validation take the same bodies.

A gateway that took more would let a body through that the function then refuses in other
words; one that took less would refuse what the documents promise.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st
from jsonschema import Draft4Validator, ValidationError
from jsonschema.validators import extend

from common import schemas
from infra.spec.routes import ROUTES
from tests.support.templates.synthesized import Synthesized

BODIES = 2_000
SCHEMAS = sorted({schema for route in ROUTES for schema in route.body.values()})

anything: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=4,
)


def near(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Values that a schema accepts, values that it just does not, and rarely anything."""
    types = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    of_type = st.one_of(*(_NEAR[type_](schema) for type_ in types))
    return _mostly(of_type, anything)


def _mostly(usual: st.SearchStrategy[Any], other: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.integers(0, 9).flatmap(lambda n: other if n == 9 else usual)


def _near_string(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    if "enum" in schema:
        return _mostly(st.sampled_from(schema["enum"]), st.sampled_from(["", "pending"]))
    pattern = schema.get("pattern")
    right = st.from_regex(pattern, fullmatch=True) if pattern else st.text(min_size=1)
    edge = schema.get("maxLength", 64)
    at_the_edge = st.builds(
        lambda text, by: (text + "a" * edge)[: edge + by], right, st.integers(-1, 1)
    )
    cut = right.map(lambda text: text[1:])
    return _mostly(right, at_the_edge | cut | right.map(lambda text: text + "\n"))


def _near_integer(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    right = st.integers(schema["minimum"], schema["maximum"])
    around = st.sampled_from([schema["minimum"] - 1, schema["maximum"] + 1, 10**30, True])
    return _mostly(right, around | right.map(float))


def _near_object(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    properties = {name: near(each) for name, each in schema.get("properties", {}).items()}
    required = {name: properties[name] for name in schema.get("required", [])}
    others = {name: each for name, each in properties.items() if name not in required}
    right = st.fixed_dictionaries(required, optional=others)
    gaps = st.fixed_dictionaries({}, optional=properties)
    more = st.builds(
        lambda members, name, value: {**members, name: value}, right, st.text(max_size=4), anything
    )
    return _mostly(right, gaps | more)


_NEAR: dict[str, Callable[[dict[str, Any]], st.SearchStrategy[Any]]] = {
    "string": _near_string,
    "integer": _near_integer,
    "object": _near_object,
    "null": lambda _: st.none(),
}


def _pattern(_: Any, pattern: str, value: Any, __: Any) -> Iterator[ValidationError]:
    """Judges by a pattern as ECMA 262 does, whose $ does not look past a line break."""
    if isinstance(value, str) and not re.search(pattern.replace("$", r"\Z"), value):
        yield ValidationError(f"{value!r} does not match {pattern!r}")


@pytest.mark.parametrize("schema", SCHEMAS)
def test_the_gateway_and_the_function_take_the_same_bodies(
    schema: str, dev: Synthesized, record_property: Callable[[str, object], None]
) -> None:
    title = "".join(word.title() for word in schema.split("-"))
    model = dev.at(f"Api/{title}Model").properties["Schema"]
    gateway = extend(Draft4Validator, {"pattern": _pattern})(model)
    taken: Counter[bool] = Counter()

    @settings(max_examples=BODIES, suppress_health_check=list(HealthCheck))
    @given(near(model))
    def compare(body: Any) -> None:
        complaints = schemas.errors(schema, body)
        note(f"the function says {complaints}")
        assert gateway.is_valid(body) is (complaints == [])
        taken[complaints == []] += 1

    compare()
    record_property("counted", f"{taken[True]} bodies taken and {taken[False]} refused by both")
    assert min(taken[True], taken[False]) > BODIES / 10
