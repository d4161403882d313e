"""The problem documents (RFC 9457) that API Gateway answers without calling a function.

A template of a gateway response can only substitute variables:
https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-gatewayResponse-definition.html
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from aws_cdk import aws_apigateway as apigateway

from common.contract import PROBLEM
from common.web import problems
from common.web.problems import Kind, problem_document
from infra.spec.stages import Authorization

THROTTLED_RETRY_SECONDS = 1
QUOTA_RETRY_SECONDS = 3_600
OUTAGE_RETRY_SECONDS = 5

PROBLEM_HEADERS: Mapping[str, str] = {
    # The key of a template must be application/json; callers see this media type.
    "Content-Type": f"'{PROBLEM}'",
    "X-Request-Id": "context.requestId",
    "Cache-Control": "'no-store'",
}
"""The header mappings of every problem document that API Gateway sends."""

_Type = apigateway.ResponseType


@dataclass(frozen=True)
class GatewayProblem:
    """The answer of API Gateway in one case."""

    case: apigateway.ResponseType
    """The gateway response type."""

    kind: Kind
    """The kind of problem. Its sentence may hold ``$context`` variables that need no quotes."""

    retry_after: int | None = None
    """Seconds after which the same request may succeed."""

    challenge: str | None = None
    """The authentication scheme that the caller needs (RFC 9110, 11.6.1)."""

    @property
    def template(self) -> str:
        """The body."""
        document = problem_document(
            self.kind.status,
            self.kind.detail,
            instance="$context.path",
            request_id="$context.requestId",
        )
        return json.dumps(document, separators=(",", ":"))

    def headers(self, common: Mapping[str, str]) -> dict[str, str]:
        """Return the header mappings: ``common``, and those of this case."""
        own = {"Retry-After": self.retry_after, "WWW-Authenticate": self.challenge}
        return {
            **PROBLEM_HEADERS,
            **common,
            **{name: f"'{value}'" for name, value in own.items() if value is not None},
        }


# Unless a route uses IAM, API Gateway raises these only for paths that match no method. Every path
# matches one (infra/api/fallbacks.py).
_WITHOUT_ROUTE = (
    GatewayProblem(_Type.MISSING_AUTHENTICATION_TOKEN, problems.NO_ROUTE),
    GatewayProblem(_Type.INVALID_SIGNATURE, problems.NO_ROUTE),
    GatewayProblem(_Type.EXPIRED_TOKEN, problems.NO_ROUTE),
    GatewayProblem(_Type.DEFAULT_4_XX, problems.GATEWAY_BAD_REQUEST),
)

_BY_AUTHORIZATION: Mapping[Authorization, tuple[GatewayProblem, ...]] = {
    "api-key": (
        GatewayProblem(_Type.ACCESS_DENIED, problems.ACCESS_DENIED),
        *_WITHOUT_ROUTE,
    ),
    "cognito": (
        GatewayProblem(_Type.UNAUTHORIZED, problems.NO_ACCESS_TOKEN, challenge="Bearer"),
        GatewayProblem(_Type.ACCESS_DENIED, problems.NO_SCOPE),
        *_WITHOUT_ROUTE,
    ),
    "iam": (
        GatewayProblem(_Type.ACCESS_DENIED, problems.NO_POLICY),
        GatewayProblem(_Type.MISSING_AUTHENTICATION_TOKEN, problems.NO_SIGNATURE),
        GatewayProblem(_Type.INVALID_SIGNATURE, problems.BAD_SIGNATURE),
        GatewayProblem(_Type.EXPIRED_TOKEN, problems.EXPIRED_CREDENTIALS),
        # The cases without a type are about credentials.
        GatewayProblem(_Type.DEFAULT_4_XX, problems.UNKNOWN_CREDENTIALS),
    ),
}

_COMMON = (
    GatewayProblem(_Type.BAD_REQUEST_PARAMETERS, problems.GATEWAY_INVALID_PARAMETER),
    GatewayProblem(_Type.INVALID_API_KEY, problems.NO_API_KEY),
    GatewayProblem(_Type.WAF_FILTERED, problems.FILTERED),
    GatewayProblem(_Type.RESOURCE_NOT_FOUND, problems.NO_ROUTE),
    GatewayProblem(_Type.REQUEST_TOO_LARGE, problems.GATEWAY_TOO_LARGE),
    # Only the fallbacks raise this (infra/api/fallbacks.py); a function gets every media type.
    GatewayProblem(_Type.UNSUPPORTED_MEDIA_TYPE, problems.NO_ROUTE),
    GatewayProblem(_Type.THROTTLED, problems.THROTTLED, retry_after=THROTTLED_RETRY_SECONDS),
    GatewayProblem(_Type.QUOTA_EXCEEDED, problems.QUOTA_EXCEEDED, retry_after=QUOTA_RETRY_SECONDS),
    GatewayProblem(_Type.INTEGRATION_FAILURE, problems.OUTAGE, retry_after=OUTAGE_RETRY_SECONDS),
    GatewayProblem(_Type.INTEGRATION_TIMEOUT, problems.TIMED_OUT, retry_after=OUTAGE_RETRY_SECONDS),
    GatewayProblem(_Type.API_CONFIGURATION_ERROR, problems.MISCONFIGURED),
    # A function that crashed or timed out, for which API Gateway would answer 502:
    # https://docs.aws.amazon.com/lambda/latest/dg/services-apigateway.html#services-apigateway-errors
    GatewayProblem(_Type.DEFAULT_5_XX, problems.OUTAGE, retry_after=OUTAGE_RETRY_SECONDS),
)


def gateway_problems(authorization: Authorization) -> tuple[GatewayProblem, ...]:
    """Return the answers of API Gateway for an API with this authorization."""
    return (*_COMMON, *_BY_AUTHORIZATION[authorization])
