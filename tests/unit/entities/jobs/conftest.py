"""Jobs."""

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.unit.conftest import Api


@pytest.fixture
def new_job(api: "Api") -> dict[str, Any]:
    """A job that has just been registered."""
    response = api("POST", "/jobs", {"pipeline": "resize", "input_uri": "s3://in/1.png"})
    assert response.status == 201
    body: dict[str, Any] = response.body
    return body
