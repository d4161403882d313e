"""Run each function against moto, with the events that API Gateway sends."""

import json
import os
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from local.lambda_runtime.environment_variables import FUNCTION_ENVIRONMENT

os.environ.update(FUNCTION_ENVIRONMENT)

import boto3
import pytest
from moto import mock_aws

from common.aws.clients import CALLS, client
from common.crud import configuration
from common.dynamodb import cursors
from common.entities import ENTITIES
from functions.create.handler import handler as create
from functions.delete.handler import handler as delete
from functions.read.handler import handler as read
from functions.update.handler import handler as update
from local.lambda_runtime import buckets, tables
from local.lambda_runtime.gateway_event import gateway_event
from tests.support.http.openapi_conformance import assert_documented
from tests.support.http.response import HttpResponse

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import DynamoDBServiceResource, Table

HANDLERS = {"POST": create, "GET": read, "PUT": update, "PATCH": update, "DELETE": delete}
CURSOR_KEY = json.dumps(
    [{"secret": "c2VjcmV0IGtleSBvZiB0aGUgdGVzdHM=", "signs_from": 0, "good_until": None}]
)


@dataclass(frozen=True)
class Context:
    """A Lambda context, with the members that the functions use."""

    aws_request_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    """The id of the invocation."""

    remaining_ms: int = 25_000
    """Milliseconds until the function's timeout."""

    def get_remaining_time_in_millis(self) -> int:
        return self.remaining_ms


@dataclass
class Api:
    """Calls the functions as API Gateway does."""

    api_key_id: str = "key-1"
    """The id of the caller's API key."""

    subject: str | None = None
    """The subject of the caller's access token; None without a token."""

    signer: str | None = None
    """The ARN of the role or user that signs the requests; None for unsigned requests."""

    remaining_ms: int = 25_000
    """Milliseconds until the function's timeout."""

    def __call__(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        headers: Mapping[str, str] | None = None,
        query: Mapping[str, str] | None = None,
        request_id: str | None = None,
        invocation_id: str | None = None,
    ) -> HttpResponse:
        """Send a request to the function that answers its method."""
        event = gateway_event(
            method,
            path,
            body,
            headers=headers,
            query=query,
            request_id=request_id,
            api_key_id=self.api_key_id,
            subject=self.subject,
            signer=self.signer,
        )
        return self.send(method, event, invocation_id)

    def send(
        self, method: str, event: dict[str, Any], invocation_id: str | None = None
    ) -> HttpResponse:
        """Send an event to the function that answers a method."""
        context = Context(invocation_id or str(uuid.uuid4()), remaining_ms=self.remaining_ms)
        result = HANDLERS[method](event, context)
        response = HttpResponse(result["statusCode"], result["headers"], result["body"])
        assert_documented(method, event.get("resource", ""), response)
        return response


@pytest.fixture
def api() -> Api:
    return Api()


@pytest.fixture(autouse=True)
def aws() -> Iterator[None]:
    """A new AWS with the resources that the functions use."""
    # Discard the deadline of the previous test's last request.
    CALLS.begin()
    with mock_aws():
        for entity in ENTITIES:
            tables.create_table(client("dynamodb"), entity, entity.collection)
        buckets.create_bucket(client("s3"), "archive")
        ssm = client("ssm")
        ssm.put_parameter(
            Name=FUNCTION_ENVIRONMENT["CONFIG_PARAMETER"],
            Type="String",
            Value=json.dumps({"retention_days": 7, "page_size_default": 3, "page_size_max": 5}),
        )
        ssm.put_parameter(
            Name=FUNCTION_ENVIRONMENT["CURSOR_KEY_PARAMETER"], Type="SecureString", Value=CURSOR_KEY
        )
        yield
    # The next test has another AWS, for which the cached parameters are wrong.
    configuration._parameter.cache_clear()
    cursors._parameter.cache_clear()


@pytest.fixture(scope="session")
def dynamodb() -> "DynamoDBServiceResource":
    return boto3.resource("dynamodb")


@pytest.fixture
def table(dynamodb: "DynamoDBServiceResource") -> "Table":
    return dynamodb.Table("jobs")


@pytest.fixture
def new_job(api: Api) -> dict[str, Any]:
    """A job that has just been registered."""
    response = api("POST", "/jobs", {"pipeline": "resize", "input_uri": "s3://in/1.png"})
    assert response.status == 201
    body: dict[str, Any] = response.body
    return body
