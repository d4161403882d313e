"""The deployed service, for the end-to-end tests."""

from collections.abc import Iterator

import pytest

from local.run_folder import RunFolder
from tests.support.deployment.service import Service, deployed
from tests.support.http.caller import CONFIDENTIAL, Caller
from tests.support.logs.all_lines import all_lines


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """The service, deployed by the real CDK to an emulator, and shared by all tests of a worker.

    A test creates its own items, from bodies of ``tests.support.entities``, so that lists show
    no other test's items. ``service.api_url`` is the base URL, and ``service.api_key`` the value
    of ``x-api-key``. ``service.client("dynamodb")`` may do everything, and
    ``service.client_of("read", "dynamodb")`` has the permissions of the read function's role.
    ``service.outputs`` contains the names of all resources. The emulator's log, with the crashes
    of functions, is in ``service.run_folder.emulator_log``.

    At the end, the fixture checks that no log line contains a confidential value of a request.
    """
    with deployed(RunFolder(tmp_path_factory.mktemp("service"))) as service:
        yield service
        CONFIDENTIAL.add([service.api_key, *service.cursor_keys])
        leaks = CONFIDENTIAL.found_in(all_lines(service))
        assert not leaks, "the logs contain confidential values"


@pytest.fixture(scope="session")
def call(service: Service) -> Caller:
    """A caller with the API key of the default usage plan."""
    return Caller(service.api_url, service.api_key)
