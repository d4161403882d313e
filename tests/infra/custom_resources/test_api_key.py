"""The function of Custom::ApiKey."""

import boto3
import pytest
from moto import mock_aws

from infra.custom_resources.makers.api_key import write
from infra.spec.service import REGION, SERVICE_NAME

NAME = f"/{SERVICE_NAME}/test/api-key"


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)


@mock_aws
def test_the_value_of_the_current_key_is_in_a_secure_string() -> None:
    api_gateway, ssm = boto3.client("apigateway"), boto3.client("ssm")
    for name in ("first", "second"):
        key = api_gateway.create_api_key(name=name, enabled=True)
        value = api_gateway.get_api_key(apiKey=key["id"], includeValue=True)["value"]
        outcome = write({"ParameterName": NAME, "ApiKeyId": key["id"]})
        parameter = ssm.get_parameter(Name=NAME, WithDecryption=True)["Parameter"]
        assert (parameter["Type"], parameter["Value"]) == ("SecureString", value)
        assert value not in outcome


@mock_aws
def test_a_key_that_does_not_exist_leaves_the_parameter_as_it_is() -> None:
    ssm = boto3.client("ssm")
    ssm.put_parameter(Name=NAME, Value="earlier", Type="SecureString")
    with pytest.raises(boto3.client("apigateway").exceptions.NotFoundException):
        write({"ParameterName": NAME, "ApiKeyId": "missing"})
    assert ssm.get_parameter(Name=NAME, WithDecryption=True)["Parameter"]["Value"] == "earlier"
