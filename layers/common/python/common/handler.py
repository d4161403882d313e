"""The handler of every function: call the route, answer, log, count and trace.

API Gateway has routed the request already, so a function maps its routes to callables. Every
request gets a well-formed answer.
"""

import time
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, NoReturn

from common import cold_start
from common.aws.clients import CALLS
from common.aws.timeouts import SHIPPING_RESERVE
from common.logs import lambda_extension
from common.logs.logger import logger
from common.logs.metrics import count, flush, metrics
from common.logs.tracing import annotate, capture
from common.web import problems
from common.web.exception_mapping import problem_of
from common.web.problems import Problem
from common.web.requests import Request
from common.web.responses import Response, problem_response, to_gateway

if TYPE_CHECKING:
    from common.aws.lambda_context import LambdaContext

Route = Callable[[Request], Response]
Handler = Callable[[Mapping[str, Any], "LambdaContext"], dict[str, Any]]


def lambda_handler(routes: Mapping[str, Route]) -> Handler:
    """Create the Lambda handler for ``routes``, and finish the cold start.

    Call it last in a module, when everything is imported.

    Args:
        routes: The callable for each route, such as ``GET /items/{item_id}``. It may raise Problem
            and the exceptions of :mod:`common.exceptions`; any other exception is a bug.
    """

    def handle(event: Mapping[str, Any], context: "LambdaContext") -> dict[str, Any]:
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
            # The error's traceback refers to this frame. This cycle would keep the context alive,
            # and the extension learns from the context's end that the response was posted.
            del error
        flush()
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
    raise Problem(problems.NO_ROUTE)


_cold = True


def _report(request: Request, response: Response, error: Exception | None, seconds: float) -> None:
    global _cold
    attempts = CALLS.attempts("dynamodb")
    subject = response.subject or request.ids
    line = {
        "status": response.status.value,
        "latency_ms": round(seconds * 1000, 2),
        **subject,
        "dynamodb_attempts": attempts,
        "cold_start": _cold,
        "caller": request.caller,
        "api_key_id": request.api_key_id,
    }
    _cold = False
    outcome = "succeeded"
    if response.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        outcome = "failed"
        is_ours = response.status != HTTPStatus.SERVICE_UNAVAILABLE
        count("Faults" if is_ours else "DependencyFailures")
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
        outcome=outcome,
        status=str(response.status.value),
        **subject,
        **response.annotations,
    )
