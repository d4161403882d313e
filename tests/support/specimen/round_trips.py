"""Entities with generated fields, whose values go through the functions and a store and back."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, given, note, settings
from hypothesis import strategies as st

from common.contract import compact_json, parse_json
from common.crud.entity import Entity
from tests.support.http.function_api import Api
from tests.support.specimen import SPECIMEN, specimen

_ALL_BODIES = ("create", "change", "list")
_OWN = {"site": "quarry", "name": "First"}

_texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
_integers = st.one_of(st.integers(-3, 3), st.integers(-(10**38) + 1, 10**38 - 1))
_numbers = st.builds(
    # The exponent is that of the first digit.
    lambda digits, exponent: Decimal(f"{digits}E{exponent - len(str(abs(digits))) + 1}"),
    st.one_of(st.integers(-999, 999), st.integers(-(10**38) + 1, 10**38 - 1)),
    st.one_of(st.integers(-5, 5), st.integers(-130, 125)),
)
"""Numbers that DynamoDB stores; those in arrays and objects may have more digits."""
_json = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        _texts,
        st.integers(-(10**60), 10**60),
        st.decimals("-1E+300", "1E+300", allow_nan=False, allow_infinity=False),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(_texts, inner, max_size=3)
    ),
    max_leaves=5,
)
_VALUES: Mapping[str, st.SearchStrategy[Any]] = {
    "string": _texts,
    "integer": _integers,
    "number": st.one_of(_integers, _numbers),
    "boolean": st.booleans(),
    "null": st.none(),
    "array": st.lists(_json, max_size=3),
    "object": st.dictionaries(_texts, _json, max_size=3),
}
_UNIONS = (
    *(["string", "null"], ["number", "null"], ["boolean", "null"], ["object", "null"]),
    *(["integer", "string"], ["boolean", "integer"], ["array", "string"], ["object", "number"]),
    [*_VALUES],
)
_TYPES: tuple[str | list[str] | None, ...] = (*_VALUES, *_UNIONS, None)
"""Each JSON type, unions, and no type, which allows any JSON."""


@dataclass(frozen=True)
class RoundTrip:
    """Fields, and the bodies that set them."""

    fields: Mapping[str, dict[str, Any]]
    """The JSON Schema of each field."""

    create: Mapping[str, Any]
    put: Mapping[str, Any]
    patch: Mapping[str, Any]


def check_round_trips(examples: int, folder: Path, create_table: Callable[[Entity], None]) -> None:
    """Check that generated values come back from the functions and the store.

    Args:
        examples: The number of generated entities.
        folder: A folder for their schemas.
        create_table: Replaces the table of the specimen by an empty one.
    """

    @settings(
        max_examples=examples,
        # Each entity has a field of each type, so there is little to shrink.
        phases=[Phase.generate],
        suppress_health_check=[HealthCheck.too_slow],
    )
    @given(round_trips())
    def check(trip: RoundTrip) -> None:
        assert_round_trip(trip, folder, create_table)

    check()


def _values_of(types: str | list[str] | None) -> st.SearchStrategy[Any]:
    names = [*_VALUES] if types is None else [types] if isinstance(types, str) else types
    return st.one_of([_VALUES[name] for name in names])


@st.composite
def round_trips(draw: st.DrawFn) -> RoundTrip:
    """Generate a field of every type and of some unions, and bodies that set some of them."""
    fields: dict[str, dict[str, Any]] = {}
    bodies: dict[str, dict[str, Any]] = {"create": {}, "put": {}, "patch": {}}
    for number, types in enumerate(_TYPES):
        name, values = f"field_{number}", _values_of(types)
        field: dict[str, Any] = {"description": "A field", "x-bodies": [*_ALL_BODIES]}
        if types is not None:
            field["type"] = types
        if draw(st.integers(0, 3)) == 0:
            # Defaults are in a file, which cannot hold more digits than a float.
            field["default"] = json.loads(compact_json(draw(values)))
        fields[name] = field
        for body in bodies.values():
            if draw(st.integers(0, 3)):
                body[name] = draw(values)
        if draw(st.integers(0, 3)) == 0:
            bodies["patch"][name] = None
    return RoundTrip(fields, **bodies)


_numbers_of_specimens = count()


def declare(fields: Mapping[str, dict[str, Any]], folder: Path) -> Entity:
    """Declare a copy of the specimen with other fields."""
    schema = dict(SPECIMEN.schema.file_content)
    own = {name: schema["properties"][name] for name in (*_OWN, "reason")}
    package = folder / f"specimen_{next(_numbers_of_specimens)}"
    package.mkdir(parents=True)
    (package / "schema.json").write_text(json.dumps({**schema, "properties": {**own, **fields}}))
    return specimen(package)


def assert_round_trip(
    trip: RoundTrip, folder: Path, create_table: Callable[[Entity], None]
) -> None:
    """Create, read, list, replace and patch an item, and compare every answer.

    Args:
        trip: The fields and bodies.
        folder: A folder for the schemas.
        create_table: Replaces the table of the specimen by an empty one.
    """
    entity = declare(trip.fields, folder)
    create_table(entity)
    send = _Sender(Api(entity=entity))
    defaults = parse_json(
        compact_json({n: f["default"] for n, f in trip.fields.items() if "default" in f})
    )

    created = send("POST", entity.path, {**_OWN, **trip.create})
    path = f"{entity.path}/{created[entity.id_field]}"
    expected = {**defaults, **trip.create}
    _assert_shown(trip, expected, created, send("GET", path), _listed(send, entity))

    replaced = send("PUT", path, {"name": "First", "status": "STORED", **trip.put})
    expected = {**defaults, **trip.put}
    _assert_shown(trip, expected, replaced, send("GET", path), _listed(send, entity))

    if trip.patch:
        patched = send("PATCH", path, trip.patch)
        for name, value in trip.patch.items():
            if value is not None:
                expected[name] = value
            elif name in defaults:
                expected[name] = defaults[name]
            else:
                expected.pop(name, None)
        _assert_shown(trip, expected, patched, send("GET", path), _listed(send, entity))
    send("DELETE", path)


class _Sender:
    def __init__(self, api: Api) -> None:
        self._api = api

    def __call__(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        text = None if body is None else compact_json(body)
        response = self._api(method, path, text)
        note(f"{method} {text} got {response}")
        assert response.status < 300, response
        parsed: dict[str, Any] = parse_json(response.text) if response.text else {}
        return parsed


def _listed(send: _Sender, entity: Entity) -> dict[str, Any]:
    (item,) = send("GET", entity.path)["items"]
    listed: dict[str, Any] = item
    return listed


def _assert_shown(trip: RoundTrip, expected: Mapping[str, Any], *items: Mapping[str, Any]) -> None:
    for item in items:
        shown = {name: item[name] for name in trip.fields if name in item}
        assert _typed(shown) == _typed(expected)


def _typed(value: Any) -> Any:
    """Return ``value`` so that true differs from 1; 1 and 1.0 are the same number of JSON."""
    match value:
        case bool():
            return ("boolean", value)
        case list():
            return [_typed(each) for each in value]
        case dict():
            return {name: _typed(each) for name, each in value.items()}
    return value
