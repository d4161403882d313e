"""Requests in, responses and problems out, for Lambda proxy integrations of API Gateway.

API Gateway has routed the request already, so a function only says what answers which of
its routes. Whatever happens, the caller gets a well-formed answer: errors are RFC 9457
problem documents and say nothing of our insides; the request id in them finds the log line.
"""

import json
import math
import re
import time
from base64 import b64decode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from http import HTTPStatus
from typing import Any, NoReturn

from common import caller, config, cursor, job, lifecycle, listing, schemas, start, table
from common.aws import CALLS
from common.contract import (
    IDEMPOTENCY_KEY,
    JSON,
    MAX_BODY_BYTES,
    MAX_DEPTH,
    MAX_ENTITY_TAGS,
    PROBLEM,
    RESPONSE_HEADERS,
    RETRY_AFTER,
    problem,
)
from common.ladder import SHIPPING_RESERVE
from common.lifecycle import LambdaContext
from common.settings import SETTINGS
from common.telemetry import count, logger, metrics
from common.tolerant import mapping as _mapping
from common.tolerant import text as _text
from common.tracing import annotate, capture

_ENTITY_TAG = r'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"'
_ENTITY_TAGS = re.compile(rf"{_ENTITY_TAG}(?:[ \t]*,[ \t]*{_ENTITY_TAG})*")
_IDEMPOTENCY_KEY = re.compile(IDEMPOTENCY_KEY)
_NO_VERSION = 0
_CREDENTIALS = "Authorization, X-Api-Key"
"""The headers by which API Gateway knows who calls: whoever comes next may not see the answer."""


class Problem(Exception):
    """Ends a request with a problem document (RFC 9457).

    Args:
        status: The HTTP status.
        detail: A sentence that tells the caller what to do differently.
        errors: What is wrong where in the body: JSON pointers (RFC 6901) and details.
        headers: More headers of the answer.
    """

    def __init__(
        self,
        status: HTTPStatus,
        detail: str,
        errors: tuple[tuple[str, str], ...] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.errors = errors
        self.headers = headers or {}


@dataclass(frozen=True)
class Response:
    """A successful answer.

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
    status: HTTPStatus, shown: job.Job, headers: Mapping[str, str] | None = None
) -> Response:
    """An answer that shows a job, its version as the ETag."""
    tag = {"ETag": f'"{shown.version}"'}
    return Response(
        status, shown.present(), {**tag, **(headers or {})}, shown.job_id, shown.pipeline
    )


class Request:
    """A request as API Gateway's Lambda proxy integration delivers it.

    Attributes:
        id: API Gateway's request id, the same in every log and answer. A caller may choose it,
            with the header ``x-amzn-RequestId``:
            https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-variables-for-access-logging.html
        invocation_id: Lambda's id of this invocation, which no other one has.
        caller: Who calls, as far as API Gateway knows: see :func:`common.caller.identity`.
        api_key_id: The id of the API key that the caller used; empty for none.
        route: The method and the resource's path, such as ``GET /jobs/{job_id}``.
        path: The path that was asked for, the API's stage included.
        query: The last value of each query parameter.
        now: When the request began.
    """

    def __init__(self, event: Mapping[str, Any], context: LambdaContext) -> None:
        event = _mapping(event)
        gateway = _mapping(event.get("requestContext"))
        self.id = _text(gateway.get("requestId")) or context.aws_request_id
        self.invocation_id = context.aws_request_id
        self.caller = caller.identity(gateway)
        self.api_key_id = _text(_mapping(gateway.get("identity")).get("apiKeyId"))
        self.route = f"{_text(event.get('httpMethod'))} {_text(event.get('resource'))}"
        self.path = _text(gateway.get("path")) or _text(event.get("path"))
        self.query = _texts(event.get("queryStringParameters"))
        self.now = datetime.now(UTC)
        self._path_parameters = _texts(event.get("pathParameters"))
        headers = _texts(event.get("headers"))
        self._headers = {name.lower(): value for name, value in headers.items()}
        self._body = event.get("body")
        self._is_base64 = event.get("isBase64Encoded") is True

    def header(self, name: str) -> str | None:
        """The value of a header, whatever the case of its name."""
        return self._headers.get(name.lower())

    @property
    def job_id(self) -> str:
        """The job id in the path.

        Raises:
            table.NotFound: It cannot be a job's id.
        """
        if self.job_id_or_none is None:
            raise table.NotFound
        return self.job_id_or_none

    @property
    def job_id_or_none(self) -> str | None:
        """The job id in the path, if there is one that can be a job's."""
        job_id = self._path_parameters.get("job_id", "")
        return job_id if job.is_id(job_id) else None

    @property
    def idempotency_key(self) -> str | None:
        """The Idempotency-Key header, if there is one.

        Raises:
            Problem: 400, if it is not 1 to 255 visible ASCII characters.
        """
        key = self.header("Idempotency-Key")
        if key is not None and not _IDEMPOTENCY_KEY.fullmatch(key):
            raise Problem(
                HTTPStatus.BAD_REQUEST,
                "Idempotency-Key must be 1 to 255 visible ASCII characters.",
            )
        return key

    @property
    def versions(self) -> frozenset[int] | None:
        """The versions that the If-Match header allows (RFC 9110, 13.1.1); None for any.

        Raises:
            Problem: 400, if the header is not a list of at most 16 entity tags.
        """
        header = self.header("If-Match")
        if header is None or header.strip() == "*":
            return None
        # A tag may hold a comma.
        tags = re.findall(_ENTITY_TAG, header)
        if len(tags) > MAX_ENTITY_TAGS or not _ENTITY_TAGS.fullmatch(header.strip()):
            raise Problem(
                HTTPStatus.BAD_REQUEST, 'If-Match must be "*" or a list of at most 16 ETags.'
            )
        # If-Match compares strongly, so a weak tag matches nothing; neither does a foreign one.
        return frozenset(
            int(tag[1:-1]) if re.fullmatch(r'"[1-9][0-9]{0,17}"', tag) else _NO_VERSION
            for tag in tags
        )

    def json(self, schema: str, media_type: str = JSON) -> dict[str, Any]:
        """The body, valid under a schema.

        Args:
            schema: The name of a JSON Schema in the layer's schemas folder.
            media_type: The media type that the body must have.

        Raises:
            Problem: 400 malformed or invalid, 413 too large, 415 of another media type.
        """
        sent = (self.header("Content-Type") or JSON).split(";")[0].strip().lower()
        if sent != media_type:
            raise Problem(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"Content-Type must be {media_type}.")
        value = _parse(self._text_body())
        errors = schemas.errors(schema, value)
        if errors:
            raise Problem(
                HTTPStatus.BAD_REQUEST, "The body does not have the form it must.", tuple(errors)
            )
        valid: dict[str, Any] = value
        return valid

    def _text_body(self) -> str:
        raw = self._body if isinstance(self._body, str) else ""
        try:
            body = b64decode(raw, validate=True) if self._is_base64 else raw.encode()
            if len(body) > MAX_BODY_BYTES:
                raise Problem(
                    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                    f"The body must be at most {MAX_BODY_BYTES} bytes.",
                )
            return body.decode()
        except ValueError as error:
            raise Problem(HTTPStatus.BAD_REQUEST, "The body is not UTF-8 text.") from error


Route = Callable[[Request], Response]
Handler = Callable[[Mapping[str, Any], LambdaContext], dict[str, Any]]


def fingerprint(body: Mapping[str, Any]) -> str:
    """A hash that two bodies share if they say the same."""
    return sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()


def handler(routes: Mapping[str, Route]) -> Handler:
    """The Lambda handler that answers ``routes``; made last, when all has been loaded.

    Args:
        routes: What answers which route, such as ``GET /jobs/{job_id}``. It may raise
            Problem, and the errors that job, table, config and cursor document.
    """

    def handle(event: Mapping[str, Any], context: LambdaContext) -> dict[str, Any]:
        started = time.perf_counter()
        request = Request(event, context)
        CALLS.begin()
        CALLS.end_within(context.get_remaining_time_in_millis() / 1000 - SHIPPING_RESERVE)
        with (
            lifecycle.invocation(context, request.id),
            logger.append_context_keys(request_id=request.id, route=request.route),
        ):
            response, error = _answer(routes, request)
            _report(request, response, error, time.perf_counter() - started)
            # Its traceback leads back to this frame: a cycle that would keep the context alive,
            # whose end is how the extension knows that the response was posted.
            del error
        metrics.flush_metrics()
        return _to_gateway(request, response)

    traced = capture(handle)
    start.finish()
    return traced


def _answer(routes: Mapping[str, Route], request: Request) -> tuple[Response, Exception | None]:
    try:
        return routes.get(request.route, _no_such_route)(request), None
    except Exception as error:  # noqa: BLE001 - a bug still owes its caller an answer
        return _document(request, _problem(error, request.route)), error


def _no_such_route(_: Request) -> NoReturn:
    raise Problem(HTTPStatus.NOT_FOUND, "There is no such route.")


def _problem(error: Exception, route: str) -> Problem:
    match error:
        case Problem():
            return error
        case table.NotFound():
            return Problem(HTTPStatus.NOT_FOUND, "There is no such job.")
        case table.VersionMismatch():
            return Problem(
                HTTPStatus.PRECONDITION_FAILED,
                "The job has changed since; read it again and use its ETag.",
            )
        case table.StatusConflict():
            return Problem(HTTPStatus.CONFLICT, f"A job that is {error.status} does not allow it.")
        case table.FingerprintMismatch():
            return Problem(
                HTTPStatus.UNPROCESSABLE_ENTITY,
                "This Idempotency-Key was used with another body; use a new one.",
            )
        case job.RuleBroken():
            return Problem(
                HTTPStatus.UNPROCESSABLE_ENTITY,
                "The body breaks a rule of jobs.",
                ((error.pointer, error.detail),),
            )
        case listing.BadQuery():
            return Problem(HTTPStatus.BAD_REQUEST, error.detail)
        case cursor.BadCursor():
            return Problem(
                HTTPStatus.BAD_REQUEST,
                "The cursor does not belong to this list; start again without one.",
            )
        case table.Unavailable():
            return _busy(route, RETRY_AFTER)
        case config.Missing():
            return _busy(route, config.READ_AGAIN_AFTER)
        case _:
            return Problem(
                HTTPStatus.INTERNAL_SERVER_ERROR,
                "Something went wrong on our side; report the request id.",
            )


def _busy(route: str, seconds: int) -> Problem:
    # API Gateway's cache may keep this answer as long as a good one.
    seconds = max(seconds, SETTINGS.cache_ttl.get(route, 0) + 1)
    return Problem(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "The service is busy; try again.",
        headers={"Retry-After": str(seconds)},
    )


def _document(request: Request, ended: Problem) -> Response:
    body = {
        **problem(ended.status, ended.detail, instance=request.path, request_id=request.id),
        **({"errors": [_error(*error) for error in ended.errors]} if ended.errors else {}),
    }
    return Response(ended.status, body, {**ended.headers, "Content-Type": PROBLEM})


def _error(pointer: str, detail: str) -> dict[str, str]:
    return {"pointer": pointer, "detail": detail}


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
        logger.warning("request", extra={**line, "detail": str(error)})
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


def _to_gateway(request: Request, response: Response) -> dict[str, Any]:
    return {
        "statusCode": response.status.value,
        "headers": {
            "Content-Type": JSON,
            "X-Request-Id": request.id,
            "Cache-Control": _cache_control(request, response),
            **_cors(request.header("Origin")),
            **response.headers,
        },
        "body": "" if response.body is None else job.compact(response.body),
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


def _parse(text: str) -> Any:
    try:
        value = json.loads(text, parse_constant=_no_constant, parse_float=_finite)
        # JSON can spell half a surrogate pair; UTF-8, and so DynamoDB, cannot.
        json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        raise Problem(HTTPStatus.BAD_REQUEST, "The body is not JSON.") from error
    if _nests_deeper(value, MAX_DEPTH):
        raise Problem(
            HTTPStatus.BAD_REQUEST, f"The body must not be nested deeper than {MAX_DEPTH} levels."
        )
    return value


def _nests_deeper(value: Any, levels: int) -> bool:
    if not isinstance(value, dict | list):
        return False
    inner = value.values() if isinstance(value, dict) else value
    return levels == 0 or any(_nests_deeper(each, levels - 1) for each in inner)


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError(f"{digits} is too large")
    return number


def _texts(value: object) -> dict[str, str]:
    texts = _mapping(value).items()
    return {_text(name): _text(text) for name, text in texts if isinstance(text, str)}
