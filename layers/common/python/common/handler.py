"""What every function does around its routes: answer, log, count, trace.

API Gateway has routed the request already, so a function only says what answers which of
its routes. Whatever happens, the caller gets a well-formed answer.
"""

import time
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any, NoReturn

from common import cold_start
from common.aws.clients import CALLS
from common.aws.timeouts import SHIPPING_RESERVE
from common.logs import lambda_extension
from common.logs.lambda_extension import LambdaContext
from common.logs.logger import count, logger, metrics
from common.logs.tracing import annotate, capture
from common.web.error_answers import problem_of
from common.web.problems import Problem
from common.web.requests import Request
from common.web.responses import Response, problem_response, to_gateway

Route = Callable[[Request], Response]
Handler = Callable[[Mapping[str, Any], LambdaContext], dict[str, Any]]


def handler(routes: Mapping[str, Route]) -> Handler:
    """The Lambda handler that answers ``routes``; making it ends the cold start.

    So it is a function's last line, when all that it needs has been loaded.

    Args:
        routes: What answers which route, such as ``GET /jobs/{job_id}``. It may raise
            Problem, and the errors that :mod:`common.web.error_answers` knows; any other is a bug.
    """

    def handle(event: Mapping[str, Any], context: LambdaContext) -> dict[str, Any]:
        started = time.perf_counter()
        request = Request(event, context)
        CALLS.begin()
        CALLS.end_within(context.get_remaining_time_in_millis() / 1000 - SHIPPING_RESERVE)
        with (
            lambda_extension.invocation(context, request.id),
            logger.append_context_keys(request_id=request.id, route=request.route),
        ):
            response, error = _answer(routes, request)
            _report(request, response, error, time.perf_counter() - started)
            # Its traceback leads back to this frame: a cycle that would keep the context alive,
            # whose end is how the extension knows that the response was posted.
            del error
        metrics.flush_metrics()
        return to_gateway(request, response)

    traced = capture(handle)
    cold_start.finish()
    return traced


def _answer(routes: Mapping[str, Route], request: Request) -> tuple[Response, Exception | None]:
    try:
        return routes.get(request.route, _no_such_route)(request), None
    except Exception as error:  # noqa: BLE001 - a bug still owes its caller an answer
        return problem_response(request, problem_of(error, request.route)), error


def _no_such_route(_: Request) -> NoReturn:
    raise Problem(HTTPStatus.NOT_FOUND, "There is no such route.")


_cold = True


def _report(request: Request, response: Response, error: Exception | None, seconds: float) -> None:
    global _cold
    attempts = CALLS.attempts("dynamodb")
    job_id = response.job_id or request.job_id_or_none
    line = {
        "status": response.status.value,
        "latency_ms": round(seconds * 1000, 2),
        "job_id": job_id,
        "dynamodb_attempts": attempts,
        "cold_start": _cold,
        "caller": request.caller,
        "api_key_id": request.api_key_id,
    }
    _cold = False
    outcome = "succeeded"
    if response.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        outcome = "failed"
        count("Faults")
        logger.error("request", exc_info=error, extra=line)
    elif response.status >= HTTPStatus.BAD_REQUEST:
        outcome = "refused"
        logger.warning("request", extra={**line, "detail": (response.body or {}).get("detail")})
    else:
        logger.info("request", extra=line)
    count("DynamoDBAttempts", attempts)
    metrics.add_metadata("request_id", request.id)
    annotate(
        request_id=request.id,
        caller=request.caller,
        job_id=job_id,
        pipeline=response.pipeline,
        outcome=outcome,
        status=str(response.status.value),
    )
