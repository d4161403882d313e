"""The names that an entity's id and filters cannot have."""

from pathlib import Path

import pytest

from common.crud.entity import Entity
from common.entities import ENTITIES
from infra.spec.log_archive import COLUMNS, PARTITIONS
from infra.spec.routes import ROUTES


def declare(noun: str = "parcel", filters: tuple[str, ...] = ()) -> Entity:
    return Entity(
        noun=noun,
        plural=f"{noun}s",
        folder=Path("parcels"),
        transitions={"NEW": frozenset()},
        deletable=frozenset(),
        filters=filters,
    )


IDS = {name for entity in ENTITIES for name in (entity.id_field, *entity.filters)}
QUERY = {name for route in ROUTES for name in route.query}


@pytest.mark.parametrize("name", sorted({*COLUMNS, *PARTITIONS, *QUERY, "name"} - IDS))
def test_a_filter_with_a_name_of_log_lines_or_lists_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=f"field '{name}'.* such as item_{name}"):
        declare(filters=(name,))


@pytest.mark.parametrize("noun", ["request", "api key"])
def test_an_id_that_log_lines_have_for_something_else_is_refused(noun: str) -> None:
    with pytest.raises(ValueError, match="log lines or lists use this name"):
        declare(noun)


def test_other_names_are_fine() -> None:
    assert declare(filters=("sender", "place")).filters == ("sender", "place")
