"""The gateway's models, which document the bodies, accept the same bodies as the functions."""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st
from jsonschema import Draft4Validator, ValidationError
from jsonschema.validators import extend

from common import validation
from common.entities import ENTITIES
from infra.spec.schemas import request_schemas
from tests.support.templates.synthesized import Synthesized

EXAMPLES = 2_000
BODIES = [
    (f"{entity.package}.generated.{name.replace('-', '_')}", schema["title"])
    for entity in ENTITIES
    for name, schema in request_schemas(entity).items()
]

anything: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=4,
)


def near(schema: Mapping[str, Any]) -> st.SearchStrategy[Any]:
    """Generate values that ``schema`` accepts or only just rejects, and a few random ones."""
    if "enum" in schema:
        return _mostly(st.sampled_from(schema["enum"]), st.sampled_from(["", "x", 0]) | anything)
    types = schema.get("type", [*_NEAR])
    of_type = st.one_of(
        *(_NEAR[type_](schema) for type_ in ([types] if isinstance(types, str) else types))
    )
    return _mostly(of_type, anything)


def _mostly(usual: st.SearchStrategy[Any], other: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.integers(0, 9).flatmap(lambda n: other if n == 9 else usual)


def _near_string(schema: Mapping[str, Any]) -> st.SearchStrategy[Any]:
    pattern = schema.get("pattern")
    valid = st.from_regex(pattern, fullmatch=True) if pattern else st.text(min_size=1)
    limit = schema.get("maxLength", 64)
    near_limit = st.builds(
        lambda text, by: (text + "a" * limit)[: limit + by], valid, st.integers(-1, 1)
    )
    cut = valid.map(lambda text: text[1:])
    return _mostly(valid, near_limit | cut | valid.map(lambda text: text + "\n"))


def _near_integer(schema: Mapping[str, Any]) -> st.SearchStrategy[Any]:
    least, most = schema.get("minimum", -(10**9)), schema.get("maximum", 10**9)
    valid = st.integers(least, most)
    invalid = st.sampled_from([least - 1, most + 1, 10**30, True])
    return _mostly(valid, invalid | valid.map(float))


def _near_number(schema: Mapping[str, Any]) -> st.SearchStrategy[Any]:
    least, most = schema.get("minimum", -1e9), schema.get("maximum", 1e9)
    return _mostly(st.floats(least, most), st.sampled_from([least - 1, most + 1, True]))


def _near_array(schema: Mapping[str, Any]) -> st.SearchStrategy[Any]:
    longest = min(schema.get("maxItems", 3), 9)
    return st.lists(near(schema.get("items", {})), max_size=longest + 1)


def _near_object(schema: Mapping[str, Any]) -> st.SearchStrategy[Any]:
    properties = {name: near(member) for name, member in schema.get("properties", {}).items()}
    required = {name: properties[name] for name in schema.get("required", [])}
    optional = {name: member for name, member in properties.items() if name not in required}
    valid = st.fixed_dictionaries(required, optional=optional)
    incomplete = st.fixed_dictionaries({}, optional=properties)
    extended = st.builds(
        lambda members, name, value: {**members, name: value}, valid, st.text(max_size=4), anything
    )
    return _mostly(valid, incomplete | extended)


_NEAR: dict[str, Callable[[Mapping[str, Any]], st.SearchStrategy[Any]]] = {
    "string": _near_string,
    "integer": _near_integer,
    "number": _near_number,
    "boolean": lambda _: st.booleans(),
    "array": _near_array,
    "object": _near_object,
    "null": lambda _: st.none(),
}


def _pattern(_: Any, pattern: str, value: Any, __: Any) -> Iterator[ValidationError]:
    """Validate a pattern as ECMA 262 does, where $ does not match before a final line break."""
    if isinstance(value, str) and not re.search(pattern.replace("$", r"\Z"), value):
        yield ValidationError(f"{value!r} does not match {pattern!r}")


@pytest.mark.parametrize(("validator", "title"), BODIES)
def test_the_gateway_and_the_function_accept_the_same_bodies(
    validator: str, title: str, dev: Synthesized, record_property: Callable[[str, object], None]
) -> None:
    model = dev.at(f"Api/{title}Model").properties["Schema"]
    gateway = extend(Draft4Validator, {"pattern": _pattern})(model)
    verdicts: Counter[bool] = Counter()

    @settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck))
    @given(near(model))
    def compare(body: Any) -> None:
        errors = validation.errors(validator, body)
        note(f"the function reports {errors}")
        assert gateway.is_valid(body) is (errors == [])
        verdicts[errors == []] += 1

    compare()
    accepted, rejected = verdicts[True], verdicts[False]
    record_property("counted", f"{accepted} bodies accepted and {rejected} rejected by both")
    assert min(accepted, rejected) > EXAMPLES / 10
