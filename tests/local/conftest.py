"""The deployed service, for the end-to-end tests."""

from collections.abc import Iterator

import pytest

from local.run_folder import RunFolder
from tests.support.deployment.service import Service, deployed
from tests.support.http.caller import CONFIDENTIAL, Caller
from tests.support.logs.all_lines import all_lines


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """The service, deployed to an emulator of its own by the real CDK.

    It is shared by all tests: a test makes the jobs that it needs, and finds only those, with a
    pipeline name of its own. ``f"{service.api_url}/jobs"`` is the URL of the jobs;
    ``service.api_key`` goes into ``x-api-key``. ``service.client("dynamodb")`` sees everything,
    ``service.client_of("read", "dynamodb")`` what the read function's role is allowed to.
    ``service.outputs`` has the names of all resources. The emulator's own log, with the
    functions' crashes, is at ``service.run_folder.emulator_log``.

    In the end, no line of its logs may have repeated what callers told it in confidence.
    """
    with deployed(RunFolder(tmp_path_factory.mktemp("service"))) as service:
        yield service
        CONFIDENTIAL.add([service.api_key, *service.cursor_keys])
        logged = CONFIDENTIAL.found_in(all_lines(service))
        assert not logged, "the logs repeat what was said in confidence"


@pytest.fixture(scope="session")
def call(service: Service) -> Caller:
    """A caller with the API key of the default usage plan."""
    return Caller(service.api_url, service.api_key)
