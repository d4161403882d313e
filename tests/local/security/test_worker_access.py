"""A worker of the account reads its credentials from Parameter Store, and nothing else."""

import json
import uuid
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local import aws
from tests.support.deployment.service import Service
from tests.support.entities import ENTITY
from tests.support.http.caller import Caller


def test_a_worker_with_the_policy_reads_the_api_key_and_calls_the_api(service: Service) -> None:
    ssm = worker_client(service, "ssm", service.outputs["WorkerPolicyArn"])
    parameter = ssm.get_parameter(Name=service.outputs["ApiKeyParameter"], WithDecryption=True)
    assert parameter["Parameter"]["Type"] == "SecureString"
    key = parameter["Parameter"]["Value"]
    assert Caller(service.api_url, key)("GET", ENTITY.path).status == 200


@pytest.mark.parametrize("output", ["ParametersConfig", "ParametersCursorKey"])
def test_the_policy_of_workers_opens_no_other_parameter(output: str, service: Service) -> None:
    ssm = worker_client(service, "ssm", service.outputs["WorkerPolicyArn"])
    with pytest.raises(ClientError, match="AccessDenied"):
        ssm.get_parameter(Name=service.outputs[output], WithDecryption=True)


def test_without_the_policy_a_role_cannot_read_the_api_key(service: Service) -> None:
    ssm = worker_client(service, "ssm")
    with pytest.raises(ClientError, match="AccessDenied"):
        ssm.get_parameter(Name=service.outputs["ApiKeyParameter"], WithDecryption=True)


def test_a_function_that_writes_the_api_key_may_read_no_other_key(service: Service) -> None:
    role = service.outputs["WorkersApiKeyRole"]
    api_gateway = service.client("apigateway")
    other = api_gateway.create_api_key(name=f"other-{uuid.uuid4().hex[:8]}")["id"]
    arn = f"arn:aws:iam::{aws.ACCOUNT}:role/{role}"
    client = session_client(service, "apigateway", arn)
    try:
        key = client.get_api_key(apiKey=service.outputs["ApiKeyId"], includeValue=True)
        assert key["value"] == service.api_key
        with pytest.raises(ClientError, match="AccessDenied"):
            client.get_api_key(apiKey=other, includeValue=True)
    finally:
        api_gateway.delete_api_key(apiKey=other)


def worker_client(service: Service, name: str, *policies: str) -> Any:
    """Create a client of a new role to which managed policies are attached."""
    iam, role = service.client("iam"), f"worker-{uuid.uuid4().hex[:8]}"
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": aws.ACCOUNT}}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    arn = iam.create_role(RoleName=role, AssumeRolePolicyDocument=document)["Role"]["Arn"]
    for policy in policies:
        iam.attach_role_policy(RoleName=role, PolicyArn=policy)
    return session_client(service, name, arn)


def session_client(service: Service, name: str, role_arn: str) -> Any:
    """Create a client with the credentials of a session of a role."""
    credentials = service.client("sts").assume_role(RoleArn=role_arn, RoleSessionName="test")[
        "Credentials"
    ]
    return aws.client(
        name,
        service.endpoint.aws_endpoint_url,
        aws.Credentials(
            credentials["AccessKeyId"], credentials["SecretAccessKey"], credentials["SessionToken"]
        ),
    )
