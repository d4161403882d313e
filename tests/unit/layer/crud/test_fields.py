"""Fields of every JSON type, from a body through the table into answers."""

import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from common.contract import compact_json, parse_json
from tests.support.specimen import SPECIMEN

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import DynamoDBServiceResource, Table

    from tests.unit.conftest import Api

BODY = {"site": "quarry", "name": "First"}
ITEMS = SPECIMEN.path
LONGEST = "1234567890.1234567890123456789012345678"
"""A number with 38 digits, which no float has."""


@pytest.fixture
def table(dynamodb: "DynamoDBServiceResource") -> "Table":
    return dynamodb.Table(SPECIMEN.collection)


def _body(**fields: str) -> str:
    """Return a body with fields that are JSON already."""
    members = {**{name: json.dumps(value) for name, value in BODY.items()}, **fields}
    return "{" + ", ".join(f'"{name}": {value}' for name, value in members.items()) + "}"


def _path(item: dict[str, Any]) -> str:
    return f"{ITEMS}/{item[SPECIMEN.id_field]}"


FIELDS = [
    ("fragile", "true"),
    ("fragile", "false"),
    ("note", "null"),
    ("note", '""'),
    ("nothing", "null"),
    ("pieces", "0"),
    ("pieces", "-" + "9" * 38),
    ("pieces", "1" + "0" * 100),
    ("mass", "12.5"),
    ("mass", LONGEST),
    ("mass", "-" + LONGEST),
    ("mass", "1E-130"),
    ("mass", "9.9E+125"),
    ("mass", "0E+300"),
    ("mass", "1." + "0" * 60),
    ("label", "7"),
    ("label", '"seven"'),
    ("tags", '[1, "a", null, true, [], {}, ' + LONGEST + "]"),
    ("tags", "[" + "1" * 60 + ", 1E+300, 0.1]"),
    ("analysis", '{"a": {"b": [' + LONGEST + ', 1e-300]}, "c": false}'),
    ("anything", "null"),
    ("anything", "true"),
    ("anything", '"text"'),
    ("anything", "1" * 60),
    ("anything", '{"a": [0.5]}'),
    ("pieces", "-0"),
    ("mass", "-0"),
    ("mass", "-0.0"),
    ("mass", "1e2"),
    ("mass", "12.50"),
    ("label", "-0"),
    ("tags", "[-0, -0.0, 0.0, 1e2, 1E5, 1.50, 1e-400, 0.12345678901234567890]"),
    ("analysis", '{"a": [-0, {"b": 1.0e+02}], "é日本💥": "é日本💥"}'),
    ("anything", "-0"),
    ("anything", "1.50"),
]


KEPT = {"tags", "analysis", "anything"}
"""The fields that may hold an array or an object."""


def _text_of(name: str, body: str) -> str:
    """Return a field as it is written in a body, without spaces between its parts."""
    return compact_json(parse_json(body)[name])


@pytest.mark.parametrize(("name", "value"), FIELDS)
def test_a_field_is_created_read_listed_patched_and_replaced_with_its_exact_value(
    name: str, value: str, specimens: "Api"
) -> None:
    expected = parse_json(value)
    responses = [created := specimens("POST", ITEMS, _body(**{name: value}))]
    path = _path(created.body)
    responses.append(specimens("GET", path))
    listed = parse_json(specimens("GET", ITEMS).text)["items"]
    specimens("PATCH", path, {"status": "STORED"})
    replacement = f'{{"status": "STORED", "name": "First", "{name}": {value}}}'
    responses.append(specimens("PUT", path, replacement))
    if value != "null":
        responses.append(specimens("PATCH", path, f'{{"{name}": {value}}}'))
    responses.append(specimens("GET", path))

    shown = [parse_json(response.text)[name] for response in responses] + [listed[0][name]]

    assert [response.status for response in responses] == [201, *[200] * (len(responses) - 1)]
    for each in shown:
        assert each == expected
        assert isinstance(each, bool) == isinstance(expected, bool)
    texts = {_text_of(name, response.text) for response in responses}
    # Within arrays and objects, numbers keep their text; elsewhere, all answers agree.
    assert texts == {_text_of(name, _body(**{name: value}))} if name in KEPT else len(texts) == 1


@pytest.mark.parametrize(
    ("name", "attribute"),
    [
        ("fragile", False),
        ("pieces", 1),
        ("purity", Decimal("0.5")),
    ],
)
def test_a_default_is_stored_as_its_own_type(
    name: str, attribute: object, specimens: "Api", table: "Table"
) -> None:
    created = specimens("POST", ITEMS, BODY)

    (stored,) = table.scan()["Items"]
    assert (stored[name], type(stored[name]) is bool) == (attribute, attribute is False)
    assert created.body[name] == attribute


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("mass", LONGEST + "9"),
        ("mass", "1E+200"),
        ("mass", "1E-131"),
        ("mass", "1E+126"),
        ("pieces", "1" * 39),
        ("pieces", "1" + "0" * 130),
        ("label", "1" * 39),
    ],
)
def test_a_number_that_cannot_be_stored_exactly_is_refused(
    name: str, value: str, method: str, specimens: "Api", table: "Table"
) -> None:
    path, body = ITEMS, _body(**{name: value})
    if method != "POST":
        path = _path(specimens("POST", ITEMS, BODY).body)
        specimens("PATCH", path, {"status": "STORED"})
        body = f'{{"status": "STORED", "name": "First", "{name}": {value}}}'
    stored = table.scan()["Items"]

    response = specimens(method, path, body)

    assert response.status == 422
    assert [error["pointer"] for error in response.body["errors"]] == [f"/{name}"]
    assert "38 significant digits" in response.body["detail"]
    assert table.scan()["Items"] == stored


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("fragile", "1"),
        ("fragile", '"true"'),
        ("fragile", "null"),
        ("pieces", "true"),
        ("pieces", "1.5"),
        ("mass", "true"),
        ("mass", '"1"'),
        ("purity", "1.0000000000000000000000000000000000001"),
        ("nothing", "0"),
        ("tags", "{}"),
        ("analysis", "[]"),
        ("label", "1.5"),
        ("note", "1"),
    ],
)
def test_a_value_of_another_type_is_refused(
    name: str, value: str, specimens: "Api", table: "Table"
) -> None:
    response = specimens("POST", ITEMS, _body(**{name: value}))

    assert response.status == 400
    assert [error["pointer"] for error in response.body["errors"]] == [f"/{name}"]
    assert table.scan()["Items"] == []


@pytest.mark.parametrize(("name", "default"), [("pieces", 1), ("fragile", False), ("note", None)])
def test_a_null_in_a_patch_resets_a_field(name: str, default: object, specimens: "Api") -> None:
    values = {"pieces": "7", "fragile": "true", "note": '"a text"'}
    path = _path(specimens("POST", ITEMS, _body(**values)).body)
    specimens("PATCH", path, {"status": "STORED"})

    response = specimens("PATCH", path, {name: None})

    assert response.status == 200
    assert response.body.get(name) == default
    assert (name in response.body) == (name != "note")


def test_a_body_with_fractions_replays_under_an_idempotency_key(
    specimens: "Api", table: "Table"
) -> None:
    key = {"Idempotency-Key": "order-7"}
    body = _body(mass=LONGEST, tags="[0.1, 1E+300]")

    first = specimens("POST", ITEMS, body, headers=key)
    replay = specimens("POST", ITEMS, body, headers=key)

    assert (first.status, replay.status) == (201, 200)
    assert parse_json(replay.text) == parse_json(first.text)
    assert len(table.scan()["Items"]) == 1


@pytest.mark.parametrize("other", [LONGEST[:-1] + "9", '"' + LONGEST + '"', f'["{LONGEST}"]'])
def test_a_number_with_another_last_digit_does_not_replay(other: str, specimens: "Api") -> None:
    key = {"Idempotency-Key": "order-7"}
    specimens("POST", ITEMS, _body(anything=LONGEST), headers=key)

    assert specimens("POST", ITEMS, _body(anything=other), headers=key).status == 422


def test_an_object_that_an_older_version_stored_as_a_map_is_read_and_listed(
    specimens: "Api", table: "Table"
) -> None:
    created = specimens("POST", ITEMS, BODY).body
    table.update_item(
        Key={SPECIMEN.id_field: created[SPECIMEN.id_field]},
        UpdateExpression="SET analysis = :map, tags = :list",
        ExpressionAttributeValues={
            ":map": {"iron": Decimal("0.5"), "pure": True, "layers": [1, None]},
            ":list": ["red", Decimal(2)],
        },
    )

    for item in (
        specimens("GET", _path(created)).body,
        specimens("GET", ITEMS).body["items"][0],
        specimens("PATCH", _path(created), {"status": "STORED"}).body,
    ):
        assert item["analysis"] == {"iron": 0.5, "pure": True, "layers": [1, None]}
        assert item["tags"] == ["red", 2]


def test_a_body_may_be_64_levels_deep_but_not_deeper(specimens: "Api") -> None:
    def nested(levels: int) -> str:
        return '{"x":' * (levels - 1) + "{}" + "}" * (levels - 1)

    response = specimens("POST", ITEMS, _body(analysis=nested(63)))
    assert response.status == 201
    assert specimens("PATCH", _path(response.body), {"status": "STORED"}).status == 200

    for levels in (64, 300, 700):
        assert specimens("POST", ITEMS, _body(analysis=nested(levels))).status == 400
