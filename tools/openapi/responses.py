"""The answers of a route: the successful ones and the problems of its row."""

from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any, NamedTuple

from common.contract import JSON, MAX_BODY_BYTES, MAX_DEPTH, PROBLEM
from common.crud.entity import Entity
from common.entities import ENTITIES
from common.web import problems
from common.web.problems import Kind, problem_document
from infra.spec.routes import ROUTES, Route, problem_statuses
from infra.spec.stages import Authorization
from tools.openapi.examples import ITEM_ID, REQUEST_ID
from tools.openapi.parameters import CHALLENGE, REVISION_AFTER_A_CHANGE, kept_for


class ProblemCase(NamedTuple):
    """The documentation of a problem."""

    kind: Kind
    """The kind of problem that the example shows."""

    description: str
    """The conditions under which callers get it."""

    errors: tuple[Mapping[str, str], ...] = ()
    """The ``errors`` of the example."""

    headers: tuple[str, ...] = ()
    """More headers of the answer."""

    challenge: bool = False
    """True if the answer has a WWW-Authenticate header."""


_ENTITY = ENTITIES[0]
_EXAMPLE_RULE = {"pointer": "/status", "detail": "is required"}
_EXAMPLE_VALUES = {
    "entity": _ENTITY.noun,
    "status": _ENTITY.statuses[-1],
    "pointer": _EXAMPLE_RULE["pointer"],
    "rule": _EXAMPLE_RULE["detail"],
    "maximum": MAX_BODY_BYTES,
    "media_type": JSON,
}
"""The values of the placeholders in the catalogue's sentences."""

_CASES = (
    ProblemCase(
        problems.INVALID_BODY,
        "The request is malformed: a parameter or header has an invalid value, or the body is not"
        f" JSON, does not match its schema, or nests deeper than {MAX_DEPTH} levels",
        (_EXAMPLE_RULE,),
    ),
    ProblemCase(problems.NOT_FOUND, "There is no such item"),
    ProblemCase(problems.STATUS_CONFLICT, "The item's status does not allow the request"),
    ProblemCase(
        problems.VERSION_MISMATCH,
        "The item has none of the ETags in If-Match, or one of those in If-None-Match",
    ),
    ProblemCase(problems.TOO_LARGE, f"The body has more than {MAX_BODY_BYTES} bytes"),
    ProblemCase(
        problems.WRONG_MEDIA_TYPE,
        "The body has another media type, or is compressed",
        headers=("Accept-Patch", "Accept-Encoding"),
    ),
    ProblemCase(
        problems.RULE_BROKEN,
        "The body is well formed, and breaks a rule",
        (_EXAMPLE_RULE,),
    ),
    ProblemCase(
        problems.THROTTLED,
        "The API key has used up its rate or its daily quota",
        headers=("Retry-After",),
    ),
    ProblemCase(problems.FAULT, "The service failed; report the request id"),
    ProblemCase(
        problems.BUSY,
        "The service is busy. A write may have been carried out all the same",
        headers=("Retry-After",),
    ),
    ProblemCase(
        problems.TIMED_OUT,
        "The service took too long. A write may have been carried out all the same",
        headers=("Retry-After",),
    ),
)

_AUTHORIZATION_CASES: Mapping[Authorization, tuple[ProblemCase, ...]] = {
    "api-key": (ProblemCase(problems.NO_API_KEY, "The API key is missing or not valid"),),
    "cognito": (
        ProblemCase(
            problems.NO_ACCESS_TOKEN,
            "The access token is missing, has expired, or comes from another issuer",
            challenge=True,
        ),
        ProblemCase(
            problems.NO_SCOPE,
            "The access token does not have the scope of the route, or the API key is missing or"
            " not valid",
        ),
    ),
    "iam": (
        ProblemCase(
            problems.NO_POLICY,
            "The signature is missing, has expired or is not valid, no policy of its signer allows"
            " the route, or the API key is missing or not valid",
        ),
    ),
}


def problem_cases(authorization: Authorization) -> list[ProblemCase]:
    """Return the API's problems, one for each status, in the order of their statuses."""
    return sorted(
        (*_CASES, *_AUTHORIZATION_CASES[authorization]), key=lambda case: case.kind.status
    )


def answers(
    route: Route, schemas: Mapping[str, Mapping[str, Any]], authorization: Authorization
) -> dict[str, Any]:
    """Create the Responses Object of a route.

    Args:
        route: The route.
        schemas: The Media Type Object of each schema, by the schema's name.
        authorization: The API's authorization.
    """
    return {
        **{
            str(status.value): _success(route, status, schema, schemas)
            for status, schema in sorted(route.answers.items(), key=_usual_first)
        },
        **{
            str(status.value): {"$ref": f"#/components/responses/{component(status)}"}
            for status in problem_statuses(route, authorization)
        },
    }


def _usual_first(answer: tuple[HTTPStatus, str | None]) -> tuple[bool, HTTPStatus]:
    # A POST answers 201; its 200 is the answer to a retry. 304 has no body.
    status, schema = answer
    return schema is None or status is HTTPStatus.OK, status


def component(status: HTTPStatus) -> str:
    """Return the name of a problem's reusable response: the status phrase in one word."""
    return status.phrase.replace(" ", "")


def problem_response(case: ProblemCase, media: Mapping[str, Any]) -> dict[str, Any]:
    """Create the Response Object of a problem.

    Args:
        case: The problem.
        media: The Media Type Object of a problem document.
    """
    names = ["Cache-Control", "X-Request-Id", *case.headers]
    document = problem_document(
        case.kind.status,
        case.kind.detail.format(**_EXAMPLE_VALUES),
        instance=f"/dev{_ENTITY.path}/{ITEM_ID}",
        request_id=REQUEST_ID,
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
    own: dict[str, Any] = {}
    if schema == route.entity.type_name or status is HTTPStatus.NOT_MODIFIED:
        if _is_change(route):
            own["ETag"] = REVISION_AFTER_A_CHANGE
        else:
            names.append("ETag")
    if HTTPStatus.CREATED in route.answers:
        names.append("Location")
        if status is HTTPStatus.OK:
            names.append("Idempotency-Replayed")
    if route.cache_ttl:
        own |= kept_for(route.cache_ttl)
    response = {"description": _description(route, status), "headers": _headers(names) | own}
    if schema is None:
        return response
    links = {each.operation: _link(each, schema) for each in _linked(route)}
    return {
        **response,
        "content": {JSON: schemas[schema]},
        **({"links": links} if links else {}),
    }


def _description(route: Route, status: HTTPStatus) -> str:
    if status is HTTPStatus.OK and HTTPStatus.CREATED in route.answers:
        return "An earlier request with the same Idempotency-Key created it"
    if status is HTTPStatus.NO_CONTENT and _is_change(route):
        return "The change was made, and another request has deleted the item since"
    if status is HTTPStatus.NOT_MODIFIED:
        return "The item has an ETag of If-None-Match"
    if route.cache_ttl:
        return f"{status.phrase}; may be up to {route.cache_ttl} seconds old"
    return status.phrase


def _is_change(route: Route) -> bool:
    return {HTTPStatus.OK, HTTPStatus.NO_CONTENT} <= route.answers.keys()


def _headers(names: list[str]) -> dict[str, Any]:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in sorted(names)}


def _id_in(entity: Entity, schema: str) -> str:
    """Return the place of an item's id in an answer."""
    item = "" if schema == entity.type_name else "/items/0"
    return f"$response.body#{item}/{entity.id_field}"


def _linked(route: Route) -> Iterator[Route]:
    """Yield the other routes that take the id of the item in an answer."""
    ids = [route.entity.id_field]
    return (each for each in ROUTES if each != route and each.path_parameters == ids)


def _link(route: Route, schema: str) -> dict[str, Any]:
    entity = route.entity
    shows_tag = schema == entity.type_name and "If-Match" in route.headers
    tag = {"header.If-Match": "$response.header.ETag"}
    return {
        "operationId": route.operation,
        "parameters": {
            f"path.{entity.id_field}": _id_in(entity, schema),
            **(tag if shows_tag else {}),
        },
    }
