"""Each function behind a moto AWS, called with the events that API Gateway would send."""

import json
import os
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

os.environ.update(
    AWS_ACCESS_KEY_ID="testing",
    AWS_SECRET_ACCESS_KEY="testing",
    AWS_DEFAULT_REGION="us-east-1",
    STAGE="test",
    FUNCTION="unit",
    TABLE_NAME="jobs",
    SHARDS="2",
    ARCHIVE_BUCKET="archive",
    CONFIG_PARAMETER="/job-ledger/test/config",
    CURSOR_KEY_PARAMETER="/job-ledger/test/cursor-key",
    CORS_ORIGINS="*",
    POWERTOOLS_SERVICE_NAME="job-ledger-test",
    POWERTOOLS_METRICS_NAMESPACE="JobLedger",
    POWERTOOLS_LOG_LEVEL="INFO",
)

import boto3
import pytest
from moto import mock_aws

from common import config
from common.aws import client
from common.contract import JSON, MERGE_PATCH
from functions.create.handler import handler as create
from functions.delete.handler import handler as delete
from functions.read.handler import handler as read
from functions.update.handler import handler as update
from local import jobs_table
from tests.answer import Answer

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import DynamoDBServiceResource, Table

HANDLERS = {"POST": create, "GET": read, "PUT": update, "PATCH": update, "DELETE": delete}
CONTENT_TYPES = {
    "POST": JSON,
    "PUT": JSON,
    "PATCH": MERGE_PATCH,
}
CURSOR_KEY = "c2VjcmV0IGtleSBvZiB0aGUgdGVzdHM="


@dataclass(frozen=True)
class Context:
    """What Lambda tells a handler about its invocation."""

    aws_request_id: str = "lambda-request"
    function_name: str = "job-ledger-test-unit"
    memory_limit_in_mb: int = 512
    invoked_function_arn: str = "arn:aws:lambda:us-east-1:123456789012:function:unit"
    remaining_ms: int = 25_000

    def get_remaining_time_in_millis(self) -> int:
        return self.remaining_ms


@dataclass
class Api:
    """Calls the functions as API Gateway does."""

    api_key_id: str = "key-1"
    remaining_ms: int = 25_000

    def __call__(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        headers: Mapping[str, str] | None = None,
        query: Mapping[str, str] | None = None,
        request_id: str | None = None,
    ) -> Answer:
        job_id = path.removeprefix("/jobs").removeprefix("/")
        content_type = {"Content-Type": CONTENT_TYPES[method]} if method in CONTENT_TYPES else {}
        event = {
            "httpMethod": method,
            "resource": "/jobs/{job_id}" if job_id else "/jobs",
            "path": path,
            "pathParameters": {"job_id": job_id} if job_id else None,
            "queryStringParameters": query,
            "headers": {**content_type, **(headers or {})},
            "body": body if isinstance(body, str) or body is None else json.dumps(body),
            "isBase64Encoded": False,
            "requestContext": {
                "path": f"/test{path}",
                "requestId": request_id or str(uuid.uuid4()),
                "identity": {"apiKeyId": self.api_key_id},
            },
        }
        return self.send(method, event)

    def send(self, method: str, event: dict[str, Any]) -> Answer:
        """Call the function behind a method with an event of the test's own."""
        result = HANDLERS[method](event, Context(remaining_ms=self.remaining_ms))
        return Answer(result["statusCode"], result["headers"], result["body"])


@pytest.fixture
def api() -> Api:
    return Api()


@pytest.fixture(autouse=True)
def aws() -> Iterator[None]:
    """An empty AWS with the resources that the functions use."""
    with mock_aws():
        jobs_table.create(client("dynamodb"), "jobs")
        client("s3").create_bucket(Bucket="archive")
        ssm = client("ssm")
        ssm.put_parameter(
            Name="/job-ledger/test/config",
            Type="String",
            Value=json.dumps({"retention_days": 7, "page_size_default": 3, "page_size_max": 5}),
        )
        ssm.put_parameter(Name="/job-ledger/test/cursor-key", Type="SecureString", Value=CURSOR_KEY)
        yield
    # What an execution environment remembers of one AWS is wrong for the next.
    config._config.cache_clear()
    config._cursor_key.cache_clear()


@pytest.fixture(scope="session")
def dynamodb() -> "DynamoDBServiceResource":
    return boto3.resource("dynamodb")


@pytest.fixture
def table(dynamodb: "DynamoDBServiceResource") -> "Table":
    return dynamodb.Table("jobs")


@pytest.fixture
def new_job(api: Api) -> dict[str, Any]:
    """A job that has just been registered."""
    answer = api("POST", "/jobs", {"pipeline": "resize", "input_uri": "s3://in/1.png"})
    assert answer.status == 201
    body: dict[str, Any] = answer.body
    return body
