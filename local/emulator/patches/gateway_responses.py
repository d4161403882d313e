"""Gateway responses: use them where the emulator does not, and fill in their variables.

https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html
"""

import json
from collections.abc import Mapping
from typing import Any

from ministack.core import iam_evaluator
from ministack.services import apigateway_v1

from local.emulator.patches.api_request import Answer, ApiRequest
from local.emulator.wrapping import Wrapper, wrap

_DENIAL = "AccessDeniedException"


def fill_variables(request: ApiRequest, body: bytes) -> bytes:
    """Replace the variable of the problem documents that the emulator leaves as it is."""
    return body.replace(b"$context.path", request.path_with_stage.encode())


def deny_through_the_api(request: ApiRequest, answer: Answer, query: Any) -> Answer:
    """Answer a caller whom IAM denies a method with the API's response, not with the emulator's."""
    if b'"__type": "AccessDeniedException"' not in answer[2]:
        return answer
    apigateway_v1._AUTHENTICATION_GATEWAY_ERRORS[_DENIAL] = ("ACCESS_DENIED", _DENIAL)
    error = iam_evaluator.AuthError(_DENIAL, json.loads(answer[2])["message"])
    response: Answer = apigateway_v1.authentication_error_response(
        request.api_id, request.stage, error, request.headers, query
    )
    return response


def require_signature(request: ApiRequest, error: Any) -> Any:
    """Refuse another Authorization header than a signature where no method matches.

    API Gateway takes such a request for one to AWS itself. The emulator looks at the header only
    where a method requires a signature. An example of the answer on AWS:
    https://github.com/amazon-archives/aws-cognito-angular-quickstart/issues/50
    """
    header = request.header("authorization")
    unmatched = not request.record["resource_path"]
    if unmatched and header and error.response_type == "MISSING_AUTHENTICATION_TOKEN":
        message = "Invalid key=value pair (missing equal-sign) in Authorization header"
        return apigateway_v1._GatewayError("DEFAULT_4XX", message, "IncompleteSignatureException")
    return error


def deny_missing_scopes() -> None:
    """Answer a token without the scope of the method with ACCESS_DENIED.

    The emulator answers as if there were no token (UNAUTHORIZED).
    """

    @wrap(apigateway_v1, "_validate_cognito_authorizer")
    async def validate_cognito_authorizer(
        native: Wrapper, authorizer: Any, method: Mapping[str, Any], *args: Any
    ) -> Any:
        claims, error = await native(authorizer, method, *args)
        if error is not None:
            without_scopes = {**method, "authorizationScopes": []}
            valid_claims, _ = await native(authorizer, without_scopes, *args)
            if valid_claims is not None:
                error = apigateway_v1._deny_error(explicit=False)
        return claims, error


class _FunctionFailed(Exception):
    """A function ended without a response that API Gateway understands."""


def answer_for_failed_functions() -> None:
    """Answer for a function that fails with the API's 5xx response, not with the emulator's."""

    @wrap(apigateway_v1, "_lambda_proxy_response")
    def lambda_proxy_response(native: Wrapper, result: Any) -> Any:
        response, failure = native(result)
        if failure:
            raise _FunctionFailed(failure)
        return response, failure

    @wrap(apigateway_v1, "_invoke_lambda_proxy_v1")
    async def invoke_lambda_proxy(native: Wrapper, *args: Any, **kwargs: Any) -> Any:
        try:
            return await native(*args, **kwargs)
        except _FunctionFailed:
            return apigateway_v1._gw_error("DEFAULT_5XX", "Internal server error")
