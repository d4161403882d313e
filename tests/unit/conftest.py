"""Run each function against moto, with the events that API Gateway sends."""

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from tests.support.function_environment import VARIABLES, put_parameters

os.environ.update(VARIABLES)

import boto3
import pytest
from moto import mock_aws
from moto.core.base_backend import BackendDict

from common.aws.clients import CALLS, client
from common.entities import ENTITIES
from local.lambda_runtime import buckets, tables
from tests.support.entities import ENTITY, create
from tests.support.http.function_api import HANDLERS, Api, Context, forget_parameters
from tests.support.specimen import SPECIMEN

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import DynamoDBServiceResource, Table

__all__ = ["HANDLERS", "Api", "Context"]


@pytest.fixture
def api() -> Api:
    return Api()


@pytest.fixture(scope="package", autouse=True)
def moto() -> Iterator[None]:
    """The AWS of these tests; starting it for each test would take longer than the test."""
    with mock_aws():
        yield


@pytest.fixture(autouse=True)
def aws(moto: None) -> Iterator[None]:
    """An empty AWS with the resources that the functions use."""
    BackendDict.reset()
    # Discard the deadline of the previous test's last request.
    CALLS.begin()
    for entity in (*ENTITIES, SPECIMEN):
        tables.create_table(client("dynamodb"), entity, entity.collection)
    buckets.create_bucket(client("s3"), "archive")
    put_parameters(client("ssm"))
    yield
    # The next test has another AWS, for which the cached parameters are wrong.
    forget_parameters()


@pytest.fixture(scope="session")
def dynamodb() -> "DynamoDBServiceResource":
    return boto3.resource("dynamodb")


@pytest.fixture
def table(dynamodb: "DynamoDBServiceResource") -> "Table":
    return dynamodb.Table(ENTITY.collection)


@pytest.fixture
def specimens() -> Api:
    """The functions with an entity that has everything that an entity may have."""
    return Api(entity=SPECIMEN)


@pytest.fixture
def new_item(api: Api) -> dict[str, Any]:
    """An item that has just been created."""
    return create(api)
