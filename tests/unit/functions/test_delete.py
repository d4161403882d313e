"""DELETE /jobs/{job_id}."""

import uuid
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.unit.conftest import Api


def test_a_deleted_job_is_gone(api: "Api", new_job: dict[str, Any]) -> None:
    path = f"/jobs/{new_job['job_id']}"

    answer = api("DELETE", path)

    assert answer.status == 204
    assert answer.text == ""
    assert api("GET", path).status == 404


@pytest.mark.parametrize("job_id", [str(uuid.UUID(int=4, version=4)), "no-uuid"])
def test_an_unknown_job_cannot_be_deleted(job_id: str, api: "Api") -> None:
    assert api("DELETE", f"/jobs/{job_id}").status == 404


def test_a_running_job_cannot_be_deleted(api: "Api", new_job: dict[str, Any]) -> None:
    path = f"/jobs/{new_job['job_id']}"
    api("PATCH", path, {"status": "RUNNING"})

    answer = api("DELETE", path)

    assert answer.status == 409
    assert "RUNNING" in answer.body["detail"]
    assert api("GET", path).status == 200


def test_a_job_that_has_changed_since_is_not_deleted(api: "Api", new_job: dict[str, Any]) -> None:
    path = f"/jobs/{new_job['job_id']}"
    api("PATCH", path, {"status": "CANCELLED"})

    assert api("DELETE", path, headers={"If-Match": '"1"'}).status == 412
    assert api("DELETE", path, headers={"If-Match": '"2"'}).status == 204
