"""The identity of the caller, which API Gateway has authenticated.

https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-mapping-template-reference.html
"""

from collections.abc import Mapping
from typing import Any

from common.web.untrusted import as_mapping, as_text

ANONYMOUS = "anonymous"
"""A caller without credentials. API Gateway rejects these."""


def caller_identity(gateway: Mapping[str, Any]) -> str:
    """Return the identity of a request's caller, which differs between any two callers.

    It depends on the API's authorization (infra/api/authorization.py): the subject of an access
    token, which for a machine is its client id; the ARN of the role or user that signed the
    request; otherwise the id of the API key.

    Args:
        gateway: The ``requestContext`` of the event.
    """
    claims = as_mapping(as_mapping(gateway.get("authorizer")).get("claims"))
    signer = as_mapping(gateway.get("identity"))
    return (
        as_text(claims.get("sub"))
        or _without_session(as_text(signer.get("userArn")))
        or as_text(signer.get("apiKeyId"))
        or ANONYMOUS
    )


def _without_session(arn: str) -> str:
    # The next session of a role is the same caller.
    return arn.rpartition("/")[0] if ":assumed-role/" in arn else arn
