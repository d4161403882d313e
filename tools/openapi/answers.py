"""The answers of a route: the successful ones of its row, and the problems that follow from it."""

from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any, NamedTuple

from common.contract import JSON, MAX_BODY_BYTES, MAX_DEPTH, PROBLEM
from common.web.problems import problem_document
from infra.spec.gateway_messages import (
    BAD_KEY,
    NO_POLICY,
    NO_SCOPE,
    TOO_MANY,
    TOO_SLOW,
    UNAUTHORIZED,
)
from infra.spec.routes import ROUTES, Route
from infra.spec.stages import Authorization
from tools.openapi.examples import JOB_ID, REQUEST_ID
from tools.openapi.parameters import CHALLENGE, kept_for


class _Case(NamedTuple):
    """A problem: when it is answered, what may be in it, and what further headers it has."""

    description: str
    detail: str
    errors: tuple[Mapping[str, str], ...] = ()
    retry: bool = False
    challenge: bool = False


_CASES: Mapping[HTTPStatus, _Case] = {
    HTTPStatus.BAD_REQUEST: _Case(
        "The request is malformed: a parameter or header has a value that it cannot have, or the"
        f" body is not JSON, does not conform to its schema, or nests deeper than {MAX_DEPTH}"
        " levels",
        "The body does not have the form it must.",
        ({"pointer": "/input_uri", "detail": "is required"},),
    ),
    HTTPStatus.NOT_FOUND: _Case("There is no such job", "There is no such job."),
    HTTPStatus.CONFLICT: _Case(
        "The job's status does not allow it", "A job that is SUCCEEDED does not allow it."
    ),
    HTTPStatus.PRECONDITION_FAILED: _Case(
        "The job has none of the ETags in If-Match",
        "The job has changed since; read it again and use its ETag.",
    ),
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: _Case(
        f"The body has more than {MAX_BODY_BYTES} bytes",
        f"The body must be at most {MAX_BODY_BYTES} bytes.",
    ),
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: _Case(
        "The body is of another media type", "Content-Type must be application/json."
    ),
    HTTPStatus.UNPROCESSABLE_ENTITY: _Case(
        "The body is well formed, and breaks a rule of jobs",
        "The body breaks a rule of jobs: /error is required with status FAILED.",
        ({"pointer": "/error", "detail": "is required with status FAILED"},),
    ),
    HTTPStatus.TOO_MANY_REQUESTS: _Case(
        "The API key has used up its rate or its day's quota",
        TOO_MANY,
        retry=True,
    ),
    HTTPStatus.INTERNAL_SERVER_ERROR: _Case(
        "The service failed; report the request id",
        "Something went wrong on our side; report the request id.",
    ),
    HTTPStatus.SERVICE_UNAVAILABLE: _Case(
        "The service is busy. A write may have been carried out all the same",
        "The service is busy; try again.",
        retry=True,
    ),
    HTTPStatus.GATEWAY_TIMEOUT: _Case(
        "The service took too long. A write may have been carried out all the same",
        TOO_SLOW,
        retry=True,
    ),
}

_WHO_CALLS: Mapping[Authorization, Mapping[HTTPStatus, _Case]] = {
    "api-key": {
        HTTPStatus.FORBIDDEN: _Case("The API key is missing or not valid", BAD_KEY),
    },
    "cognito": {
        HTTPStatus.UNAUTHORIZED: _Case(
            "The access token is missing, has expired, or is of another issuer",
            UNAUTHORIZED,
            challenge=True,
        ),
        HTTPStatus.FORBIDDEN: _Case(
            "The access token does not have the scope of the route, or the API key is missing or"
            " not valid",
            NO_SCOPE,
        ),
    },
    "iam": {
        HTTPStatus.FORBIDDEN: _Case(
            "The signature is missing, has expired or is not valid, no policy of its signer allows"
            " the route, or the API key is missing or not valid",
            NO_POLICY,
        ),
    },
}

_OF_EVERY_ROUTE = frozenset(
    {
        HTTPStatus.BAD_REQUEST,
        HTTPStatus.TOO_MANY_REQUESTS,
        HTTPStatus.INTERNAL_SERVER_ERROR,
        HTTPStatus.SERVICE_UNAVAILABLE,
        HTTPStatus.GATEWAY_TIMEOUT,
    }
)


def cases(authorization: Authorization) -> Mapping[HTTPStatus, _Case]:
    """All problems of the API, in the order of their statuses."""
    return dict(sorted({**_CASES, **_WHO_CALLS[authorization]}.items()))


def problems_of(route: Route, authorization: Authorization) -> list[HTTPStatus]:
    """The statuses of the problems that a route may answer, in their order."""
    statuses = {*_OF_EVERY_ROUTE, *_WHO_CALLS[authorization]}
    if route.path_parameters:
        statuses.add(HTTPStatus.NOT_FOUND)
        if route.method != "GET":
            statuses.add(HTTPStatus.CONFLICT)
    if "If-Match" in route.headers:
        statuses.add(HTTPStatus.PRECONDITION_FAILED)
    if route.body:
        statuses |= {
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            HTTPStatus.UNPROCESSABLE_ENTITY,
        }
    return sorted(statuses)


def answers(
    route: Route, schemas: Mapping[str, Mapping[str, Any]], authorization: Authorization
) -> dict[str, Any]:
    """The Responses Object of a route.

    Args:
        route: The route.
        schemas: The Media Type Object of each schema, by the schema's name.
        authorization: How callers prove who they are.
    """
    return {
        **{
            str(status.value): _success(route, status, schema, schemas)
            for status, schema in sorted(route.answers.items())
        },
        **{
            str(status.value): {"$ref": f"#/components/responses/{component(status)}"}
            for status in problems_of(route, authorization)
        },
    }


def component(status: HTTPStatus) -> str:
    """The name of the reusable response of a problem: its phrase, in one word."""
    return status.phrase.replace(" ", "")


def problem_response(status: HTTPStatus, case: _Case, media: Mapping[str, Any]) -> dict[str, Any]:
    """The Response Object of a problem.

    Args:
        status: Its status.
        case: What is said of it.
        media: The Media Type Object of a problem document.
    """
    names = ["Cache-Control", "X-Request-Id"]
    names += ["Retry-After"] if case.retry else []
    document = problem_document(
        status, case.detail, instance=f"/dev/jobs/{JOB_ID}", request_id=REQUEST_ID
    )
    errors = {"errors": [*case.errors]} if case.errors else {}
    return {
        "description": case.description,
        "headers": {**_headers(names), **(CHALLENGE if case.challenge else {})},
        "content": {PROBLEM: {**media, "example": {**document, **errors}}},
    }


def _success(
    route: Route,
    status: HTTPStatus,
    schema: str | None,
    schemas: Mapping[str, Mapping[str, Any]],
) -> dict[str, Any]:
    names = ["Cache-Control", "X-Request-Id"]
    if schema == "job":
        names.append("ETag")
    if HTTPStatus.CREATED in route.answers:
        names.append("Location")
        if status is HTTPStatus.OK:
            names.append("Idempotency-Replayed")
    kept = kept_for(route.cache_ttl) if route.cache_ttl else {}
    response = {"description": _description(route, status), "headers": _headers(names) | kept}
    if schema is None:
        return response
    links = {each.operation: _link(each, schema) for each in _linked(route)}
    return {
        **response,
        "content": {JSON: schemas[schema]},
        **({"links": links} if links and schema in _ID_IN else {}),
    }


def _description(route: Route, status: HTTPStatus) -> str:
    if status is HTTPStatus.OK and HTTPStatus.CREATED in route.answers:
        return "It was registered before, with the same Idempotency-Key"
    if route.cache_ttl:
        return f"{status.phrase}; may be up to {route.cache_ttl} seconds old"
    return status.phrase


def _headers(names: list[str]) -> dict[str, Any]:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in sorted(names)}


_ID_IN = {"job": "$response.body#/job_id", "job-page": "$response.body#/items/0/job_id"}
"""Where an answer names a job."""


def _linked(route: Route) -> Iterator[Route]:
    """The routes on a job that an answer of ``route`` names."""
    return (each for each in ROUTES if each != route and each.path_parameters == ["job_id"])


def _link(route: Route, schema: str) -> dict[str, Any]:
    tag = {"header.If-Match": "$response.header.ETag"}
    return {
        "operationId": route.operation,
        "parameters": {
            "path.job_id": _ID_IN[schema],
            **(tag if schema == "job" and "If-Match" in route.headers else {}),
        },
    }
