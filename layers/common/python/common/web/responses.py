"""Responses: what a caller gets, and the headers that every answer has."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from common.contract import JSON, PROBLEM, RESPONSE_HEADERS, problem_document
from common.jobs.model import Job, compact
from common.settings import SETTINGS
from common.web.problems import Problem
from common.web.requests import Request

_CREDENTIALS = "Authorization, X-Api-Key"
"""The headers by which API Gateway knows who calls: whoever comes next may not see the answer."""


@dataclass(frozen=True)
class Response:
    """An answer.

    Args:
        status: The HTTP status.
        body: What to send as JSON; None for no body.
        headers: More headers of the answer.
        job_id: The job it is about, for the log and the trace.
        pipeline: That job's pipeline, for the trace.
    """

    status: HTTPStatus
    body: Mapping[str, Any] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    job_id: str | None = None
    pipeline: str | None = None


def job_response(
    status: HTTPStatus, shown: Job, headers: Mapping[str, str] | None = None
) -> Response:
    """An answer that shows a job, its version as the ETag."""
    tag = {"ETag": f'"{shown.version}"'}
    return Response(
        status, shown.present(), {**tag, **(headers or {})}, shown.job_id, shown.pipeline
    )


def problem_response(request: Request, problem: Problem) -> Response:
    """An answer that says what is wrong with a request, as RFC 9457 wants it."""
    body = problem_document(
        problem.status, problem.detail, instance=request.path, request_id=request.id
    )
    if problem.errors:
        errors = [{"pointer": pointer, "detail": detail} for pointer, detail in problem.errors]
        body = {**body, "errors": errors}
    return Response(problem.status, body, {**problem.headers, "Content-Type": PROBLEM})


def to_gateway(request: Request, response: Response) -> dict[str, Any]:
    """The answer to ``request`` in the form that API Gateway wants.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html
    """
    return {
        "statusCode": response.status.value,
        "headers": {
            "Content-Type": JSON,
            "X-Request-Id": request.id,
            "Cache-Control": _cache_control(request, response),
            **_cors(request.header("Origin")),
            **response.headers,
        },
        "body": "" if response.body is None else compact(response.body),
        "isBase64Encoded": False,
    }


def _cache_control(request: Request, response: Response) -> str:
    """For how long a caller may keep an answer (RFC 9111): as long as the gateway's cache does."""
    seconds = SETTINGS.cache_ttl.get(request.route)
    if seconds is None or response.status != HTTPStatus.OK:
        return "no-store"
    # Only who may read jobs may see it, which a cache between us and them does not check.
    return f"private, max-age={seconds}"


def _cors(origin: str | None) -> dict[str, str]:
    exposed = {"Access-Control-Expose-Headers": ", ".join(RESPONSE_HEADERS)}
    if SETTINGS.cors_origins == ("*",):
        return {"Access-Control-Allow-Origin": "*", "Vary": _CREDENTIALS, **exposed}
    vary = {"Vary": f"Origin, {_CREDENTIALS}"}
    if origin in SETTINGS.cors_origins:
        return {"Access-Control-Allow-Origin": origin, **vary, **exposed}
    return vary
