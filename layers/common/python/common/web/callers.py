"""Who calls, in the words of API Gateway, which has checked it: a function believes nothing else.

https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-mapping-template-reference.html
"""

from collections.abc import Mapping
from typing import Any

from common.web.untrusted import mapping, text

ANONYMOUS = "anonymous"
"""Whoever has shown nothing; API Gateway lets none of them in."""


def identity(gateway: Mapping[str, Any]) -> str:
    """The caller of a request. Two callers never have the same identity, but for ANONYMOUS.

    It is what was asked for to authorize the request (infra/api/authorization.py), and looks
    different for each kind: the subject of an access token, which for a machine is its client
    id; the ARN of a role or user whose credentials signed the request; else the id of the API
    key.

    Args:
        gateway: The ``requestContext`` of the event.
    """
    claims = mapping(mapping(gateway.get("authorizer")).get("claims"))
    signer = mapping(gateway.get("identity"))
    return (
        text(claims.get("sub"))
        or _without_session(text(signer.get("userArn")))
        or text(signer.get("apiKeyId"))
        or ANONYMOUS
    )


def _without_session(arn: str) -> str:
    # The next session of a role is the same caller.
    return arn.rpartition("/")[0] if ":assumed-role/" in arn else arn
