"""The service on a stage with access tokens; the tests in this folder share it."""

import json
from collections.abc import Iterator, Mapping

import pytest

from local.run_folder import RunFolder
from tests.support.authorization.access_tokens import (
    MachineClient,
    scopes_for,
    token_caller,
    token_url,
)
from tests.support.deployment.service import Service, deployed
from tests.support.http.caller import Caller


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """The service, on a stage whose callers need access tokens."""
    with deployed(RunFolder(tmp_path_factory.mktemp("cognito")), "cognito") as service:
        yield service


@pytest.fixture(scope="session")
def user_pool(service: Service) -> str:
    """The id of the stack's user pool."""
    return service.outputs["AuthorizationUserPoolUsers"]


@pytest.fixture(scope="session")
def machine_credentials(service: Service) -> Mapping[str, str]:
    """The content of the parameter with the credentials of the stack's machine client."""
    parameter = service.client("ssm").get_parameter(
        Name=service.outputs["MachineCredentials"], WithDecryption=True
    )["Parameter"]
    assert parameter["Type"] == "SecureString"
    credentials: Mapping[str, str] = json.loads(parameter["Value"])
    return credentials


@pytest.fixture(scope="session")
def machine(service: Service, machine_credentials: Mapping[str, str]) -> MachineClient:
    """The stack's machine client."""
    credentials = machine_credentials
    return MachineClient(token_url(service), credentials["client_id"], credentials["client_secret"])


@pytest.fixture(scope="session")
def reader(service: Service, machine: MachineClient) -> Caller:
    """A caller whose token may only read."""
    return token_caller(service, machine.token(scopes_for("read")))


@pytest.fixture(scope="session")
def writer(service: Service, machine: MachineClient) -> Caller:
    """A caller whose token may only write."""
    return token_caller(service, machine.token(scopes_for("write")))
