"""Keeps what a machine signs in with: the function behind ``Custom::MachineClient``.

Cognito makes the client and its secret, and CloudFormation would write the secret into whatever
a template hands it to. This function takes it from Cognito to Parameter Store.
"""

import json
from collections.abc import Mapping
from typing import Any

from .protocol import Context, client, serve


def handler(event: dict[str, Any], context: Context) -> None:
    """Bring the parameter to the state that ``event`` asks for, and tell CloudFormation.

    Args:
        event: A custom resource request with the properties ``ParameterName``, ``UserPoolId``,
            ``ClientId``, ``TokenUrl`` and ``Scope``.
        context: Lambda's context.

    Raises:
        OSError: The answer did not reach CloudFormation; Lambda tries the function again.
    """
    serve(event, context, write)


def write(properties: Mapping[str, Any]) -> str:
    """Write all that the client needs to get a token, as JSON; what was there is replaced.

    Returns:
        What happened, for people.
    """
    found = client("cognito-idp").describe_user_pool_client(
        UserPoolId=properties["UserPoolId"], ClientId=properties["ClientId"]
    )["UserPoolClient"]
    client("ssm").put_parameter(
        Name=properties["ParameterName"],
        Description="What a worker of Job Ledger gets its access tokens with",
        Type="SecureString",
        Value=json.dumps(
            {
                "client_id": found["ClientId"],
                "client_secret": found["ClientSecret"],
                "token_url": properties["TokenUrl"],
                "scope": properties["Scope"],
            }
        ),
        Overwrite=True,
    )
    return "written"
