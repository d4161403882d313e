"""The examples of an entity, and the ways through its life that they describe."""

from pathlib import Path

import pytest

from common import entities, validation
from common.crud.entity import Entity
from common.crud.examples import Change, Examples, examples_of, invalid_body, replacement_body
from common.entities import ENTITIES
from tools.openapi.examples import example_item

each_entity = pytest.mark.parametrize("entity", ENTITIES, ids=lambda entity: entity.plural)


def move(source: str, target: str) -> Change:
    return Change(f"{source}-{target}", source, target, {"status": target})


EDIT = Change("EDIT", "NEW", "NEW", {"note": "changed"})
NOTE = Change("NOTE", "PAID", "PAID", {"note": "changed"})
ORDERS = Examples(
    creates={"least": {"note": "new"}, "with a tag": {"note": "new", "tag": "blue"}},
    changes=(
        move("NEW", "CANCELLED"),
        EDIT,
        move("NEW", "PAID"),
        move("PAID", "SHIPPED"),
        move("PAID", "CANCELLED"),
        move("PAID", "NEW"),
        NOTE,
        move("LOST", "NEW"),
    ),
    initial="NEW",
)
STILL = Examples(creates={"least": {}}, changes=(), initial="ACTIVE")


def titles(changes: list[Change]) -> list[str]:
    return [change.title for change in changes]


def test_a_path_is_the_shortest() -> None:
    assert titles(ORDERS.path("CANCELLED")) == ["NEW-CANCELLED"]
    assert titles(ORDERS.path("SHIPPED")) == ["NEW-PAID", "PAID-SHIPPED"]
    assert titles(ORDERS.path("CANCELLED", "PAID")) == ["PAID-CANCELLED"]
    assert ORDERS.path("NEW") == STILL.path("ACTIVE") == []


def test_there_is_no_path_to_a_status_that_no_change_leads_to() -> None:
    with pytest.raises(LookupError, match="from SHIPPED to NEW"):
        ORDERS.path("NEW", "SHIPPED")
    with pytest.raises(LookupError):
        ORDERS.path("LOST")


def test_a_life_is_the_longest_way_with_the_changes_that_keep_a_status() -> None:
    assert titles(ORDERS.life()) == ["EDIT", "NEW-PAID", "NOTE", "PAID-SHIPPED"]
    assert STILL.life() == []


def test_a_life_ends_where_the_caller_wants_it_to_if_it_can() -> None:
    assert titles(ORDERS.life({"CANCELLED"})) == ["EDIT", "NEW-PAID", "NOTE", "PAID-CANCELLED"]
    assert titles(ORDERS.life({"PAID"})) == ["EDIT", "NEW-PAID", "NOTE"]
    assert titles(ORDERS.life({"NEW"})) == ["EDIT"]
    assert ORDERS.life({"LOST"}) == ORDERS.life()


def test_a_life_is_found_soon_even_if_each_status_may_move_to_all_others() -> None:
    columns = [f"COLUMN-{number}" for number in range(12)]
    changes = tuple(move(one, other) for one in columns for other in columns if one != other)
    board = Examples(creates={"least": {}}, changes=changes, initial=columns[0])
    assert len(board.life()) == len(columns) - 1


def test_a_refused_change_is_not_among_those_that_a_status_allows() -> None:
    assert ORDERS.refused("SHIPPED") == move("NEW", "CANCELLED")
    assert ORDERS.refused("NEW") == move("PAID", "SHIPPED")
    assert STILL.refused("ACTIVE") is None
    note = Change("NOTE", "OPEN", "OPEN", {"note": "changed"})
    close = move("OPEN", "CLOSED")
    tickets = Examples(creates={"least": {}}, changes=(note, close), initial="OPEN")
    assert tickets.refused("OPEN") is None
    assert tickets.refused("CLOSED") == note


@each_entity
def test_each_transition_and_each_status_that_may_stay_has_an_example(entity: Entity) -> None:
    examples = examples_of(entity)
    assert examples.initial == entity.statuses[0]
    assert {(change.source, change.target) for change in examples.changes} == {
        (before, after) for before, all_after in entity.transitions.items() for after in all_after
    }
    for change in examples.changes:
        assert change.body.get("status", change.source) == change.target, change.title


@each_entity
def test_the_least_create_has_the_required_fields_only(entity: Entity) -> None:
    assert {*examples_of(entity).least} == {*entity.schema.required_in("create")}


@each_entity
def test_each_body_is_valid_and_so_is_a_replacement_that_does_the_same(entity: Entity) -> None:
    examples = examples_of(entity)
    for body in (*examples.creates.values(), examples.new("0"), examples.new("cafe" * 8)):
        assert validation.errors(entity.validator("create"), body) == [], body
    for change in examples.changes:
        item = example_item(entity, examples.least, examples.path(change.source))
        replacement = replacement_body(entity, item, change)
        assert validation.errors(entity.validator("patch"), change.body) == [], change.title
        assert validation.errors(entity.validator("replace"), replacement) == [], change.title


@each_entity
def test_a_new_body_differs_by_its_filters(entity: Entity) -> None:
    one, other = (examples_of(entity).new(word) for word in ("0", "1"))
    for name in entity.filters:
        assert one[name] != other[name], f"examples.py: unique has no value for {name}"


@each_entity
def test_an_invalid_body_lacks_a_field_or_has_an_unknown_one(entity: Entity) -> None:
    assert validation.errors(entity.validator("create"), invalid_body(entity)) != []


def test_without_required_fields_an_invalid_body_has_an_unknown_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "unconstrained"
    folder.mkdir()
    (folder / "schema.json").write_text('{"properties": {"text": {"x-bodies": ["create"]}}}')
    (folder / "__init__.py").touch()
    (folder / "examples.py").write_text(
        "from common.crud.examples import Examples\n"
        "EXAMPLES = Examples(creates={'least': {}}, changes=())\n"
    )
    monkeypatch.setattr(entities, "__path__", [*entities.__path__, str(tmp_path)])
    entity = Entity(
        noun="note",
        plural="notes",
        folder=folder,
        transitions={"ACTIVE": frozenset()},
        deletable=frozenset(),
    )
    assert invalid_body(entity) == {"unknown_field": 1}
