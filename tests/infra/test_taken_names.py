"""The names that an entity's id and filters cannot have."""

from dataclasses import replace

import pytest

from infra.spec.declaration import mistakes_of
from infra.spec.log_archive import PARTITIONS, PLATFORM_COLUMNS
from tests.support.specimen import SPECIMEN
from tests.support.specimen.examples import EXAMPLES

SUGGESTION = "log lines or lists use this name for something else. Choose another, such as item_"


@pytest.mark.parametrize(
    "name", sorted({*PLATFORM_COLUMNS, *PARTITIONS, "status", "limit", "cursor", "name"})
)
def test_a_filter_with_a_name_of_log_lines_or_lists_is_refused(name: str) -> None:
    mistakes = mistakes_of(replace(SPECIMEN, filters=(name,)), EXAMPLES)

    assert any(f"by a field {name}: {SUGGESTION}{name}." in each for each in mistakes)


@pytest.mark.parametrize("noun", ["request", "api key"])
def test_an_id_that_log_lines_have_for_something_else_is_refused(noun: str) -> None:
    mistakes = mistakes_of(replace(SPECIMEN, noun=noun), EXAMPLES)

    assert any(SUGGESTION in each for each in mistakes)


def test_other_names_are_fine() -> None:
    assert mistakes_of(SPECIMEN, EXAMPLES) == []
