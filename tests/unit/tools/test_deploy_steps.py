"""The steps before and after ``cdk deploy``."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from unittest.mock import MagicMock

import boto3
import pytest
from moto import mock_aws

from infra.spec.service import PASCAL_NAME, REGION
from local.lambda_runtime import buckets
from tools.deploy_steps import DESCRIPTION, clear_failed_creation, redeploy_api

STACK = f"{PASCAL_NAME}-prod"
KEEP = ("CREATE_COMPLETE", "DELETE_SKIPPED")


@pytest.fixture(autouse=True)
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    with mock_aws():
        yield


def boto_client(service: str) -> Any:
    make: Any = boto3.client
    return make(service, region_name=REGION)


class Stack:
    """A stack in a state and with events; all other services are moto's."""

    def __init__(
        self,
        status: str,
        resources: Mapping[tuple[str, str], Sequence[str]] | None = None,
        *,
        protected: bool = True,
    ) -> None:
        self.cloudformation = MagicMock()
        self.cloudformation.describe_stacks.return_value = {
            "Stacks": [
                {
                    "StackId": "id",
                    "StackStatus": status,
                    "EnableTerminationProtection": protected,
                }
            ]
        }
        self.cloudformation.get_paginator.return_value.paginate.return_value = [
            {
                "StackEvents": [
                    {"ResourceType": type_, "PhysicalResourceId": id_, "ResourceStatus": event}
                    for (type_, id_), events in (resources or {}).items()
                    for event in events
                ]
            }
        ]

    def client(self, service: str) -> Any:
        return self.cloudformation if service == "cloudformation" else boto_client(service)

    def clear(self) -> str:
        return "\n".join(clear_failed_creation(self.client, STACK))


def create_table() -> str:
    boto_client("dynamodb").create_table(
        TableName="left",
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        DeletionProtectionEnabled=True,
    )
    return "left"


def create_pool() -> str:
    pool: str = boto_client("cognito-idp").create_user_pool(
        PoolName="pool", DeletionProtection="ACTIVE"
    )["UserPool"]["Id"]
    return pool


def create_bucket() -> str:
    buckets.create_bucket(boto_client("s3"), "left")
    return "left"


def create_key() -> str:
    key: str = boto_client("kms").create_key()["KeyMetadata"]["KeyId"]
    return key


def tables() -> list[str]:
    names: list[str] = boto_client("dynamodb").list_tables()["TableNames"]
    return names


def bucket_names() -> list[str]:
    return [bucket["Name"] for bucket in boto_client("s3").list_buckets()["Buckets"]]


@pytest.mark.parametrize("status", ["ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "REVIEW_IN_PROGRESS"])
def test_a_stack_whose_creation_failed_loses_its_protection(status: str) -> None:
    stack = Stack(status)
    assert "no longer protected" in stack.clear()
    stack.cloudformation.update_termination_protection.assert_called_once_with(
        StackName=STACK, EnableTerminationProtection=False
    )


@pytest.mark.parametrize(
    "status", ["CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "DELETE_FAILED"]
)
def test_every_other_stack_keeps_its_protection_and_its_resources(status: str) -> None:
    stack = Stack(status, {("AWS::DynamoDB::Table", create_table()): KEEP})
    assert stack.clear() == ""
    stack.cloudformation.update_termination_protection.assert_not_called()
    assert "left" in tables()


def test_the_empty_resources_that_a_failed_creation_left_are_deleted() -> None:
    key = create_key()
    stack = Stack(
        "ROLLBACK_COMPLETE",
        {
            ("AWS::DynamoDB::Table", create_table()): KEEP,
            ("AWS::Cognito::UserPool", create_pool()): KEEP,
            ("AWS::S3::Bucket", create_bucket()): KEEP,
            ("AWS::KMS::Key", key): KEEP,
        },
    )
    assert stack.clear().count("Deleted") == 4
    assert "left" not in tables()
    assert boto_client("cognito-idp").list_user_pools(MaxResults=1)["UserPools"] == []
    assert "left" not in bucket_names()
    metadata = boto_client("kms").describe_key(KeyId=key)["KeyMetadata"]
    assert metadata["KeyState"] == "PendingDeletion"
    # Once more, as after an interruption.
    assert "is left" not in stack.clear()


def test_resources_with_content_are_left_and_named() -> None:
    stack = Stack(
        "ROLLBACK_COMPLETE",
        {
            ("AWS::DynamoDB::Table", create_table()): KEEP,
            ("AWS::Cognito::UserPool", pool := create_pool()): KEEP,
            ("AWS::S3::Bucket", create_bucket()): KEEP,
        },
    )
    boto_client("dynamodb").put_item(TableName="left", Item={"id": {"S": "1"}})
    boto_client("cognito-idp").admin_create_user(UserPoolId=pool, Username="a")
    boto_client("s3").put_object(Bucket="left", Key="a")
    assert stack.clear().count("is not empty") == 3
    assert "left" in tables()
    assert len(boto_client("cognito-idp").list_user_pools(MaxResults=1)["UserPools"]) == 1
    assert "left" in bucket_names()


def test_imported_resources_are_left() -> None:
    imported = ("IMPORT_COMPLETE", "UPDATE_COMPLETE", "DELETE_SKIPPED")
    stack = Stack("ROLLBACK_COMPLETE", {("AWS::DynamoDB::Table", create_table()): imported})
    stack.clear()
    assert "left" in tables()


def test_a_new_deployment_of_the_api_replaces_that_of_an_earlier_step() -> None:
    stack, gateway = Stack("UPDATE_COMPLETE"), MagicMock()
    stack.cloudformation.get_paginator.return_value.paginate.return_value = [
        {
            "StackResourceSummaries": [
                {"ResourceType": "AWS::ApiGateway::RestApi", "PhysicalResourceId": "api"},
                {"ResourceType": "AWS::ApiGateway::Stage", "PhysicalResourceId": "prod"},
            ]
        }
    ]
    gateway.create_deployment.return_value = {"id": "new"}
    gateway.get_paginator.return_value.paginate.return_value = [
        {
            "items": [
                # CloudFormation's own deployment stays: the stack still refers to it.
                {"id": "native", "description": "The API"},
                {"id": "earlier", "description": DESCRIPTION},
                {"id": "new", "description": DESCRIPTION},
            ]
        }
    ]

    clients = {"cloudformation": stack.cloudformation, "apigateway": gateway}
    list(redeploy_api(clients.__getitem__, STACK))

    gateway.create_deployment.assert_called_once_with(
        restApiId="api", stageName="prod", description=DESCRIPTION
    )
    gateway.delete_deployment.assert_called_once_with(restApiId="api", deploymentId="earlier")
