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

EXAMPLES = 2_000 if settings.get_current_profile_name() == "fuzz" else 400
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
        return _mostly(accepted(schema), st.sampled_from(["", "x", 0]) | anything)
    return _mostly(st.one_of(*(_NEAR[type_](schema) for type_ in _types(schema))), anything)


def accepted(schema: Mapping[str, Any]) -> st.SearchStrategy[Any]:
    """Generate values that ``schema`` accepts."""
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    return st.one_of(*(_ACCEPTED[type_](schema) for type_ in _types(schema)))


def _types(schema: Mapping[str, Any]) -> list[str]:
    types = schema.get("type", [*_NEAR])
    return [types] if isinstance(types, str) else types


def _mostly(usual: st.SearchStrategy[Any], other: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.integers(0, 9).flatmap(lambda n: other if n == 9 else usual)


def _accepted_string(schema: Mapping[str, Any]) -> st.SearchStrategy[str]:
    least, most = schema.get("minLength", 0), schema.get("maxLength", 10**9)
    if pattern := schema.get("pattern"):
        texts = st.from_regex(pattern, fullmatch=True)
        return texts.filter(lambda text: least <= len(text) <= most)
    return st.text(min_size=least, max_size=min(most, least + 64))


def _near_string(schema: Mapping[str, Any]) -> st.SearchStrategy[Any]:
    valid = _accepted_string(schema)
    limit = schema.get("maxLength", 64)
    near_limit = st.builds(
        lambda text, by: (text + "a" * limit)[: limit + by], valid, st.integers(-1, 1)
    )
    cut = valid.map(lambda text: text[1:])
    return valid | near_limit | cut | valid.map(lambda text: text + "\n")


def _accepted_integer(schema: Mapping[str, Any]) -> st.SearchStrategy[int]:
    least, most = schema.get("minimum", -(10**9)), schema.get("maximum", 10**9)
    return st.integers(
        least + schema.get("exclusiveMinimum", False), most - schema.get("exclusiveMaximum", False)
    )


def _near_integer(schema: Mapping[str, Any]) -> st.SearchStrategy[Any]:
    least, most = schema.get("minimum", -(10**9)), schema.get("maximum", 10**9)
    valid = _accepted_integer(schema)
    invalid = st.sampled_from([least - 1, least, most, most + 1, 10**30, True])
    return valid | invalid | valid.map(float)


def _accepted_number(schema: Mapping[str, Any]) -> st.SearchStrategy[float]:
    return st.floats(
        schema.get("minimum", -1e9),
        schema.get("maximum", 1e9),
        exclude_min=schema.get("exclusiveMinimum", False),
        exclude_max=schema.get("exclusiveMaximum", False),
    )


def _near_number(schema: Mapping[str, Any]) -> st.SearchStrategy[Any]:
    least, most = schema.get("minimum", -1e9), schema.get("maximum", 1e9)
    invalid = st.sampled_from([least - 1, least, most, most + 1, True])
    return _accepted_number(schema) | invalid


def _accepted_array(schema: Mapping[str, Any]) -> st.SearchStrategy[list[Any]]:
    least = schema.get("minItems", 0)
    most = min(schema.get("maxItems", 10**9), least + 3)
    key = repr if schema.get("uniqueItems") else None
    items = accepted(schema.get("items", {}))
    return st.lists(items, min_size=least, max_size=most, unique_by=key)


def _near_array(schema: Mapping[str, Any]) -> st.SearchStrategy[Any]:
    longest = min(schema.get("maxItems", 3), 9)
    others = st.lists(near(schema.get("items", {})), max_size=longest + 1)
    return _accepted_array(schema) | others


def _accepted_object(schema: Mapping[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    least = schema.get("minProperties", 0)
    if "properties" not in schema:
        return st.dictionaries(st.text(max_size=4), anything, min_size=least, max_size=least + 2)
    members = {name: accepted(member) for name, member in schema["properties"].items()}
    required = {name: members[name] for name in schema.get("required", [])}
    optional = {name: member for name, member in members.items() if name not in required}
    objects = st.fixed_dictionaries(required, optional=optional)
    return objects.filter(lambda body: len(body) >= least)


def _near_object(schema: Mapping[str, Any]) -> st.SearchStrategy[Any]:
    """Generate objects that are valid but for one member at most, and others.

    Several faults in a body would hide that the gateway and the function disagree about one.
    """
    members = {name: near(member) for name, member in schema.get("properties", {}).items()}
    valid = _accepted_object(schema)
    extended = st.builds(
        lambda body, name, value: {**body, name: value}, valid, st.text(max_size=4), anything
    )
    if not members:
        return valid | extended
    changed = st.sampled_from([*members]).flatmap(
        lambda name: st.builds(lambda body, value: {**body, name: value}, valid, members[name])
    )
    incomplete = st.fixed_dictionaries({}, optional=members)
    return valid | changed | changed | incomplete | extended


_ACCEPTED: dict[str, Callable[[Mapping[str, Any]], st.SearchStrategy[Any]]] = {
    "string": _accepted_string,
    "integer": _accepted_integer,
    "number": _accepted_number,
    "boolean": lambda _: st.booleans(),
    "array": _accepted_array,
    "object": _accepted_object,
    "null": lambda _: st.none(),
}

_NEAR: dict[str, Callable[[Mapping[str, Any]], st.SearchStrategy[Any]]] = {
    **_ACCEPTED,
    "string": _near_string,
    "integer": _near_integer,
    "number": _near_number,
    "array": _near_array,
    "object": _near_object,
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
