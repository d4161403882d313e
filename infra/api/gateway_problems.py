"""The problem documents (RFC 9457) that API Gateway answers without asking a function.

A template of a gateway response substitutes variables and knows nothing else:
https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-gatewayResponse-definition.html
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus

from aws_cdk import aws_apigateway as apigateway

from common.contract import PROBLEM
from common.web.problems import problem_document
from infra.spec.gateway_messages import (
    BAD_KEY,
    NO_POLICY,
    NO_SCOPE,
    TOO_MANY,
    TOO_SLOW,
    UNAUTHORIZED,
)
from infra.spec.stages import Authorization

THROTTLED_RETRY_SECONDS = 1
QUOTA_RETRY_SECONDS = 3_600
OUTAGE_RETRY_SECONDS = 5

_Type = apigateway.ResponseType


@dataclass(frozen=True)
class GatewayProblem:
    """What API Gateway answers in one case.

    Args:
        case: The gateway response type.
        status: The HTTP status; the title is its phrase.
        detail: One sentence for the caller. May hold ``$context`` variables that need no
            quotes of their own.
        retry_after: Seconds after which the same request may succeed.
        challenge: What to authenticate with (RFC 9110, 11.6.1).
    """

    case: apigateway.ResponseType
    status: HTTPStatus
    detail: str
    retry_after: int | None = None
    challenge: str | None = None

    @property
    def template(self) -> str:
        """The body."""
        document = problem_document(
            self.status, self.detail, instance="$context.path", request_id="$context.requestId"
        )
        return json.dumps(document, separators=(",", ":"))

    def headers(self, common: Mapping[str, str]) -> dict[str, str]:
        """The header mappings: ``common``, and those of this case."""
        own = {"Retry-After": self.retry_after, "WWW-Authenticate": self.challenge}
        return {
            # The key of a template must be application/json; this is what the caller sees.
            "Content-Type": f"'{PROBLEM}'",
            "X-Request-Id": "context.requestId",
            "Cache-Control": "'no-store'",
            **common,
            **{name: f"'{value}'" for name, value in own.items() if value is not None},
        }


_NO_ROUTE = "There is no such route: look at the path and the method."
_OUTAGE = "The service cannot answer right now. Try again."

# Where routes ask for no AWS credentials, these are missed, or looked at and found wrong, only
# where there is no route.
_WITHOUT_ROUTE = (
    GatewayProblem(_Type.MISSING_AUTHENTICATION_TOKEN, HTTPStatus.NOT_FOUND, _NO_ROUTE),
    GatewayProblem(_Type.INVALID_SIGNATURE, HTTPStatus.NOT_FOUND, _NO_ROUTE),
    GatewayProblem(_Type.EXPIRED_TOKEN, HTTPStatus.NOT_FOUND, _NO_ROUTE),
    GatewayProblem(_Type.DEFAULT_4_XX, HTTPStatus.BAD_REQUEST, "The request is not valid."),
)

_OF: Mapping[Authorization, tuple[GatewayProblem, ...]] = {
    "api-key": (
        GatewayProblem(_Type.ACCESS_DENIED, HTTPStatus.FORBIDDEN, "Access is denied."),
        *_WITHOUT_ROUTE,
    ),
    "cognito": (
        GatewayProblem(
            _Type.UNAUTHORIZED,
            HTTPStatus.UNAUTHORIZED,
            UNAUTHORIZED,
            challenge="Bearer",
        ),
        GatewayProblem(
            _Type.ACCESS_DENIED,
            HTTPStatus.FORBIDDEN,
            NO_SCOPE,
        ),
        *_WITHOUT_ROUTE,
    ),
    "iam": (
        GatewayProblem(
            _Type.ACCESS_DENIED,
            HTTPStatus.FORBIDDEN,
            NO_POLICY,
        ),
        # API Gateway says the same of a route that is not there.
        GatewayProblem(
            _Type.MISSING_AUTHENTICATION_TOKEN,
            HTTPStatus.FORBIDDEN,
            "The request is not signed with AWS credentials, or there is no such route.",
        ),
        GatewayProblem(
            _Type.INVALID_SIGNATURE,
            HTTPStatus.FORBIDDEN,
            "The signature of the request is not valid.",
        ),
        GatewayProblem(
            _Type.EXPIRED_TOKEN,
            HTTPStatus.FORBIDDEN,
            "The credentials that the request is signed with have expired.",
        ),
        # What has no type of its own is about credentials.
        GatewayProblem(
            _Type.DEFAULT_4_XX,
            HTTPStatus.FORBIDDEN,
            "AWS does not know the credentials that the request is signed with.",
        ),
    ),
}

_COMMON = (
    GatewayProblem(
        _Type.BAD_REQUEST_BODY,
        HTTPStatus.BAD_REQUEST,
        "The body is not what the route takes: $context.error.validationErrorString",
    ),
    GatewayProblem(
        _Type.BAD_REQUEST_PARAMETERS,
        HTTPStatus.BAD_REQUEST,
        "$context.error.message",
    ),
    GatewayProblem(_Type.INVALID_API_KEY, HTTPStatus.FORBIDDEN, BAD_KEY),
    GatewayProblem(_Type.WAF_FILTERED, HTTPStatus.FORBIDDEN, "The request was filtered."),
    GatewayProblem(_Type.RESOURCE_NOT_FOUND, HTTPStatus.NOT_FOUND, _NO_ROUTE),
    GatewayProblem(
        _Type.REQUEST_TOO_LARGE,
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        "The request is larger than API Gateway takes (10 MB).",
    ),
    GatewayProblem(
        _Type.UNSUPPORTED_MEDIA_TYPE,
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        "The route does not take a body of this content type.",
    ),
    GatewayProblem(
        _Type.THROTTLED,
        HTTPStatus.TOO_MANY_REQUESTS,
        TOO_MANY,
        retry_after=THROTTLED_RETRY_SECONDS,
    ),
    GatewayProblem(
        _Type.QUOTA_EXCEEDED,
        HTTPStatus.TOO_MANY_REQUESTS,
        "The day's quota of this API key is used up.",
        retry_after=QUOTA_RETRY_SECONDS,
    ),
    GatewayProblem(
        _Type.INTEGRATION_FAILURE,
        HTTPStatus.SERVICE_UNAVAILABLE,
        _OUTAGE,
        retry_after=OUTAGE_RETRY_SECONDS,
    ),
    GatewayProblem(
        _Type.INTEGRATION_TIMEOUT,
        HTTPStatus.GATEWAY_TIMEOUT,
        TOO_SLOW,
        retry_after=OUTAGE_RETRY_SECONDS,
    ),
    GatewayProblem(
        _Type.API_CONFIGURATION_ERROR,
        HTTPStatus.INTERNAL_SERVER_ERROR,
        "The service is misconfigured.",
    ),
    GatewayProblem(_Type.DEFAULT_5_XX, HTTPStatus.INTERNAL_SERVER_ERROR, "The service failed."),
)


def problems_of(authorization: Authorization) -> tuple[GatewayProblem, ...]:
    """All that API Gateway answers by itself, where callers prove themselves in this way."""
    return (*_COMMON, *_OF[authorization])
