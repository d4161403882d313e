"""The writers that an item remembers."""

from typing import TYPE_CHECKING

import pytest

from common.aws.clients import client
from common.dynamodb.writers import REMEMBERED
from tests.support.specimen import SPECIMEN
from tests.support.specimen.examples import EXAMPLES

if TYPE_CHECKING:
    from tests.support.http.function_api import Api


@pytest.fixture
def path(specimens: "Api") -> str:
    """The path of an item that takes the same change again and again."""
    item = specimens("POST", SPECIMEN.path, EXAMPLES.least).body
    path = f"{SPECIMEN.path}/{item[SPECIMEN.id_field]}"
    specimens("PATCH", path, {"status": "STORED"})
    return path


def test_a_change_is_applied_once_despite_31_other_writes_between_its_attempts(
    specimens: "Api", path: str
) -> None:
    for attempt in range(4):
        first = f"invocation-{attempt}"
        specimens("PATCH", path, {"pieces": 1}, invocation_id=first)
        for pieces in range(2, REMEMBERED + 1):
            specimens("PATCH", path, {"pieces": pieces})

        retry = specimens("PATCH", path, {"pieces": 1}, invocation_id=first)

        assert retry.status == 200
        assert retry.body["pieces"] == REMEMBERED


def test_an_item_forgets_its_oldest_writers(specimens: "Api", path: str) -> None:
    lengths = []
    for number in range(300):
        specimens("PATCH", path, {"pieces": 1}, invocation_id=f"invocation-{number}")
        (item,) = client("dynamodb").scan(TableName=SPECIMEN.collection)["Items"]
        lengths.append(len(item["writers"]["L"]))

    assert min(lengths[REMEMBERED:]) >= REMEMBERED
    assert max(lengths) < 4 * REMEMBERED
