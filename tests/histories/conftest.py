"""The AWS that the functions call."""

import pytest

from tests.support.histories.aws import create_resources


@pytest.fixture
def aws() -> None:
    """An empty AWS with the resources that the functions use."""
    create_resources()
