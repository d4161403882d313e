"""``Custom::ApiKey``: copies the value of an API key from API Gateway to Parameter Store.

API Gateway generates the value. If a template passed it on, CloudFormation would show it, so this
function copies it instead.
"""

from collections.abc import Mapping
from typing import Any

from .protocol import Context, client, serve


def handler(event: dict[str, Any], context: Context) -> None:
    """Write or delete the parameter, and report the result to CloudFormation.

    Args:
        event: A custom resource request with the properties ``ParameterName`` and ``ApiKeyId``.
        context: Lambda's context.

    Raises:
        OSError: The response did not reach CloudFormation; Lambda retries the function.
    """
    serve(event, context, write)


def write(properties: Mapping[str, Any]) -> str:
    """Write the value of the API key to the parameter; replace an earlier one.

    Returns:
        The outcome, for people.
    """
    key = client("apigateway").get_api_key(apiKey=properties["ApiKeyId"], includeValue=True)
    client("ssm").put_parameter(
        Name=properties["ParameterName"],
        Description="The API key with which a worker calls the service",
        Type="SecureString",
        Value=key["value"],
        Overwrite=True,
    )
    return "written"
