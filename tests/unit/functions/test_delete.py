"""DELETE on an item."""

import uuid
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.entities import ENTITY, REACHABLE, change, create_with, first_change, path_of

if TYPE_CHECKING:
    from tests.unit.conftest import Api


@pytest.mark.parametrize("status", REACHABLE)
def test_only_an_item_whose_status_allows_it_is_deleted(status: str, api: "Api") -> None:
    item = create_with(api, status)

    response = api("DELETE", path_of(item))

    if status in ENTITY.deletable:
        assert response.status == 204
        assert response.text == ""
        assert api("GET", path_of(item)).status == 404
    else:
        assert response.status == 409
        assert status in response.body["detail"]
        assert api("GET", path_of(item)).status == 200


@pytest.mark.parametrize("item_id", [str(uuid.UUID(int=4, version=4)), "no-uuid"])
def test_an_unknown_item_cannot_be_deleted(item_id: str, api: "Api") -> None:
    assert api("DELETE", f"{ENTITY.path}/{item_id}").status == 404


def test_an_item_that_has_changed_is_not_deleted_at_its_old_version(
    api: "Api", new_item: dict[str, Any]
) -> None:
    old = api("GET", path_of(new_item)).headers["ETag"]
    changed = change(api, new_item, first_change())
    new = api("GET", path_of(new_item)).headers["ETag"]

    assert api("DELETE", path_of(new_item), headers={"If-Match": old}).status == 412
    expected = 204 if changed["status"] in ENTITY.deletable else 409
    assert api("DELETE", path_of(new_item), headers={"If-Match": new}).status == expected
