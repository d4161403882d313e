"""The parameters that a worker may read, and the function that writes the API key's value."""

import json

import pytest

from infra.spec.service import REGION, SERVICE_NAME
from tests.support.templates.permissions import role_permissions
from tests.support.templates.synthesized import Synthesized, as_list

PARAMETERS = f"arn:aws:ssm:{REGION}:${{AWS::AccountId}}:parameter/{SERVICE_NAME}"


@pytest.mark.mission("Sensitive values (API keys, credentials) stored in Parameter Store")
def test_the_value_of_the_api_key_is_a_parameter_and_in_no_template(stack: Synthesized) -> None:
    resource = stack.one("Custom::ApiKey")
    assert set(resource) == {"ServiceToken", "ServiceTimeout", "ParameterName", "ApiKeyId"}
    assert resource["ParameterName"] == f"/{SERVICE_NAME}/{stack.stage.name}/api-key"
    assert resource["ApiKeyId"] == "${Api/Key}"
    assert "Value" not in stack.one("AWS::ApiGateway::ApiKey")


def test_the_function_that_copies_the_api_key_has_access_to_that_key_and_parameter_only(
    stack: Synthesized,
) -> None:
    parameter = f"{PARAMETERS}/{stack.stage.name}/api-key"
    logs = "${Workers/ApiKeyLogs.Arn}"
    assert role_permissions(stack, "Workers/ApiKeyRole") == {
        ("apigateway:GET", f"arn:aws:apigateway:{REGION}::/apikeys/${{Api/Key}}"),
        ("ssm:PutParameter", parameter),
        ("ssm:DeleteParameter", parameter),
        ("logs:CreateLogStream", logs),
        ("logs:PutLogEvents", logs),
    }


def test_the_policy_of_workers_allows_to_read_their_credentials_only(stack: Synthesized) -> None:
    policy = stack.at("Workers/Policy").properties
    names = {"dev": ["api-key"], "prod": ["api-key", "machine-client"]}[stack.stage.name]
    assert policy["ManagedPolicyName"] == f"{SERVICE_NAME}-{stack.stage.name}-worker"
    (statement,) = policy["PolicyDocument"]["Statement"]
    assert (statement["Effect"], statement["Action"]) == ("Allow", "ssm:GetParameter")
    assert as_list(statement["Resource"]) == [
        f"{PARAMETERS}/{stack.stage.name}/{name}" for name in names
    ]


def test_only_the_function_of_the_secret_has_the_permission_to_read_an_api_key(
    stack: Synthesized,
) -> None:
    readers = {
        resource.path
        for resource in stack.all("AWS::IAM::Role")
        if "apigateway:GET" in json.dumps(resource.properties)
    }
    assert readers == {"Workers/ApiKeyRole"}
