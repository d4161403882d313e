"""The emulators that the probes examine."""

from collections.abc import Iterator

import pytest

from tests.support.deployment.probed_emulator import ProbedEmulator, running_probed_emulator


@pytest.fixture(scope="session")
def installed_emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ProbedEmulator]:
    """The emulator as it is installed."""
    with running_probed_emulator(tmp_path_factory.mktemp("installed"), "ministack") as emulator:
        yield emulator


@pytest.fixture(scope="session")
def patched_emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ProbedEmulator]:
    """The emulator with all patches, as the local run starts it."""
    folder = tmp_path_factory.mktemp("patched")
    with running_probed_emulator(folder, "local.emulator.process") as emulator:
        yield emulator
