"""The events that an entity has without rules: the moves to another status."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from common.crud.changes import merge_patch
from common.crud.entity import Entity, Rules
from tests.support.specimen import SPECIMEN

NOW = datetime(2026, 1, 31, tzinfo=UTC)


def declare(**transitions: set[str]) -> Entity:
    return replace(
        SPECIMEN,
        transitions={before: frozenset(after) for before, after in transitions.items()},
        rules=Rules(),
    )


def event(entity: Entity, body: dict[str, str]) -> str | None:
    change = merge_patch(entity, body, now=NOW, retention=lambda: None)
    return entity.rules.event(change, {}, frozenset())


ORDERS = declare(NEW={"NEW", "PAID"}, PAID={"PAID", "ON_ITS_WAY"}, ON_ITS_WAY=set())
RECORDS = declare(ACTIVE={"ACTIVE", "ARCHIVED"}, ARCHIVED={"ACTIVE"})


def test_a_status_that_items_may_only_keep_is_no_event() -> None:
    assert ORDERS.all_events == ("paid", "on its way")
    assert event(ORDERS, {"status": "NEW"}) is None


def test_a_status_that_another_one_leads_to_is_an_event() -> None:
    assert RECORDS.all_events == ("active", "archived")
    assert event(RECORDS, {"status": "ACTIVE"}) == "active"
    assert event(ORDERS, {"status": "PAID"}) == "paid"


@pytest.mark.parametrize("entity", [ORDERS, RECORDS])
def test_a_change_without_a_status_is_no_event(entity: Entity) -> None:
    assert event(entity, {"name": "Second"}) is None


def test_the_metric_of_an_event_of_several_words_joins_them() -> None:
    assert event(ORDERS, {"status": "ON_ITS_WAY"}) == "on its way"
    assert ORDERS.metric("on its way") == "RockSamplesOnItsWay"
    assert ORDERS.metric("paid") == "RockSamplesPaid"
