"""DELETE /jobs/{job_id}."""

import uuid
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.unit.conftest import Api


def test_a_deleted_job_is_gone(api: "Api", new_job: dict[str, Any]) -> None:
    path = f"/jobs/{new_job['job_id']}"

    response = api("DELETE", path)

    assert response.status == 204
    assert response.text == ""
    assert api("GET", path).status == 404


@pytest.mark.parametrize("job_id", [str(uuid.UUID(int=4, version=4)), "no-uuid"])
def test_an_unknown_job_cannot_be_deleted(job_id: str, api: "Api") -> None:
    assert api("DELETE", f"/jobs/{job_id}").status == 404


def test_a_running_job_cannot_be_deleted(api: "Api", new_job: dict[str, Any]) -> None:
    path = f"/jobs/{new_job['job_id']}"
    api("PATCH", path, {"status": "RUNNING"})

    response = api("DELETE", path)

    assert response.status == 409
    assert "RUNNING" in response.body["detail"]
    assert api("GET", path).status == 200


def test_a_job_that_has_changed_is_not_deleted_at_its_old_version(
    api: "Api", new_job: dict[str, Any]
) -> None:
    path = f"/jobs/{new_job['job_id']}"
    api("PATCH", path, {"status": "CANCELLED"})

    assert api("DELETE", path, headers={"If-Match": '"1"'}).status == 412
    assert api("DELETE", path, headers={"If-Match": '"2"'}).status == 204
