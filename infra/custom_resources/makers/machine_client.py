"""``Custom::MachineClient``: copies a machine's credentials from Cognito to Parameter Store.

Cognito generates the client's secret. If a template passed it on, CloudFormation would show it, so
this function copies it instead.
"""

import json
from collections.abc import Mapping
from typing import Any

from .protocol import Context, client, serve


def handler(event: dict[str, Any], context: Context) -> None:
    """Write or delete the parameter, and report the result to CloudFormation.

    Args:
        event: A custom resource request with the properties ``ParameterName``, ``UserPoolId``,
            ``ClientId``, ``TokenUrl`` and ``Scope``.
        context: Lambda's context.

    Raises:
        OSError: The response did not reach CloudFormation; Lambda retries the function.
    """
    serve(event, context, write)


def write(properties: Mapping[str, Any]) -> str:
    """Write the settings that the client needs to get a token, as JSON; replace earlier ones.

    Returns:
        The outcome, for people.
    """
    user_pool_client = client("cognito-idp").describe_user_pool_client(
        UserPoolId=properties["UserPoolId"], ClientId=properties["ClientId"]
    )["UserPoolClient"]
    client("ssm").put_parameter(
        Name=properties["ParameterName"],
        Description="The client credentials with which a worker of the service gets access tokens",
        Type="SecureString",
        Value=json.dumps(
            {
                "client_id": user_pool_client["ClientId"],
                "client_secret": user_pool_client["ClientSecret"],
                "token_url": properties["TokenUrl"],
                "scope": properties["Scope"],
            }
        ),
        Overwrite=True,
    )
    return "written"
