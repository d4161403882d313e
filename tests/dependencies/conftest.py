"""Functions in this process whose AWS is a hostile one, and whose attempts are short."""

import os
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from tests.support.function_environment import VARIABLES, put_parameters

os.environ.update(VARIABLES)

import boto3
import pytest
from moto.core.base_backend import BackendDict

from common.aws import clients
from common.aws.outcomes import ENVIRONMENT
from common.aws.timeouts import Timeouts
from local.lambda_runtime import tables
from tests.support.entities import ENTITY, create_with, path_of
from tests.support.faults.server import HostileAws, serve_hostile_aws
from tests.support.http.function_api import Api, forget_clients, forget_parameters
from tests.support.http.response import HttpResponse
from tests.support.waiting import TIMEOUT_SECONDS

SHORT = Timeouts(connect=0.2, read=0.4, attempts=3)
"""Instead of the seconds that a deployed function waits."""


@pytest.fixture(scope="package")
def hostile_aws() -> Iterator[HostileAws]:
    """An AWS with the resources of the functions."""
    with serve_hostile_aws() as aws, pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", aws.url)
        for service, timeouts in clients._TIMEOUTS.items():
            short = SHORT._replace(attempts=timeouts.attempts)
            patch.setitem(clients._TIMEOUTS, service, short)
        # botocore pauses before a retry for up to two seconds, and saves retries after many faults.
        patch.setattr("botocore.retries.standard.ExponentialBackoff.delay_amount", lambda *_: 0.0)
        patch.setattr("botocore.retries.quota.RetryQuota.acquire", lambda *_: True)
        # Other tests of this process may have used the same backends.
        BackendDict.reset()
        forget_clients()
        forget_parameters()
        tables.create_table(boto3.client("dynamodb"), ENTITY, ENTITY.collection)
        # moto needs seconds for the first call of a service.
        put_parameters(boto3.client("ssm"))
        yield aws
    forget_clients()
    forget_parameters()


@pytest.fixture
def aws(hostile_aws: HostileAws) -> Iterator[HostileAws]:
    """The hostile AWS, without a fault before and after a test."""
    hostile_aws.clear()
    yield hostile_aws
    hostile_aws.clear()
    forget_parameters()
    ENVIRONMENT.is_usable = True


@pytest.fixture
def api() -> Api:
    """The functions."""
    return Api()


class Patience:
    """Repeats requests until a busy machine answers them within the short attempts."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def __call__(self, send: Callable[[], HttpResponse]) -> HttpResponse:
        """Send a request until the response is not 503."""
        deadline = time.monotonic() + TIMEOUT_SECONDS
        while (response := send()).status == 503:
            assert time.monotonic() < deadline, response.text
        return response

    def get(self, item: Mapping[str, Any]) -> HttpResponse:
        """Read an item."""
        return self(lambda: self._api("GET", path_of(item)))

    def create_with(self, status: str) -> Mapping[str, Any]:
        """Create an item, and take it to a status."""

        def send(method: str, path: str, body: object = None) -> HttpResponse:
            return self(lambda: self._api(method, path, body))

        return create_with(send, status)


@pytest.fixture
def patient(api: Api) -> Patience:
    """Sends requests that are to succeed."""
    return Patience(api)
