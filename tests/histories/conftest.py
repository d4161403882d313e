"""The functions as processes, and the AWS that they call."""

from collections.abc import Iterator

import pytest

from tests.support.histories.aws import create_resources
from tests.support.histories.simulation import Processes, processes


@pytest.fixture
def aws() -> None:
    """An empty AWS with the resources that the functions use."""
    create_resources()


@pytest.fixture(scope="session")
def pool() -> Iterator[Processes]:
    """Execution environments, which the tests share."""
    with processes() as pool:
        yield pool
