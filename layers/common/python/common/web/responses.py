"""Responses: the body, and the headers that every answer has."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from common.contract import JSON, PROBLEM, RESPONSE_HEADERS, compact_json
from common.settings import SETTINGS
from common.web.problems import Problem, problem_document
from common.web.requests import Request

_CREDENTIALS = "Authorization, X-Api-Key"
"""The headers that authenticate a caller: a cached answer must not reach another caller."""


@dataclass(frozen=True)
class Response:
    """An answer."""

    status: HTTPStatus
    """The HTTP status."""

    body: Mapping[str, Any] | None = None
    """The object to send as JSON; None for no body."""

    headers: Mapping[str, str] = field(default_factory=dict)
    """More headers of the answer."""

    subject: Mapping[str, str] = field(default_factory=dict)
    """The ids of the item that the answer is about, for the log and the trace."""

    annotations: Mapping[str, str] = field(default_factory=dict)
    """More annotations of the trace."""


def problem_response(request: Request, problem: Problem) -> Response:
    """Create the response that reports a problem (RFC 9457)."""
    body = problem_document(
        problem.status, problem.detail, instance=request.path, request_id=request.id
    )
    if problem.errors:
        errors = [{"pointer": pointer, "detail": detail} for pointer, detail in problem.errors]
        body = {**body, "errors": errors}
    return Response(problem.status, body, {**problem.headers, "Content-Type": PROBLEM})


def to_gateway(request: Request, response: Response) -> dict[str, Any]:
    """Convert a response to the form that API Gateway expects.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html
    """
    return {
        "statusCode": response.status.value,
        "headers": {
            **({} if response.body is None else {"Content-Type": JSON}),
            "X-Request-Id": request.id,
            "Cache-Control": _cache_control(request, response),
            **_cors(request.header("Origin")),
            **response.headers,
        },
        "body": "" if response.body is None else compact_json(response.body),
        "isBase64Encoded": False,
    }


def _cache_control(request: Request, response: Response) -> str:
    """Let callers keep an answer as long as API Gateway's cache does (RFC 9111)."""
    seconds = SETTINGS.cache_ttl.get(request.route)
    # 304 stands for the 200 that it spares (RFC 9110, 15.4.5).
    if seconds is None or response.status not in {HTTPStatus.OK, HTTPStatus.NOT_MODIFIED}:
        return "no-store"
    # Shared caches do not check whether a caller may see the answer.
    return f"private, max-age={seconds}"


def _cors(origin: str | None) -> dict[str, str]:
    exposed = {"Access-Control-Expose-Headers": ", ".join(RESPONSE_HEADERS)}
    if SETTINGS.cors_origins == ("*",):
        return {"Access-Control-Allow-Origin": "*", "Vary": _CREDENTIALS, **exposed}
    vary = {"Vary": f"Origin, {_CREDENTIALS}"}
    if origin in SETTINGS.cors_origins:
        return {"Access-Control-Allow-Origin": origin, **vary, **exposed}
    return vary
