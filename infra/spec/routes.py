"""The table of routes: the methods of the REST API, and the permissions of each.

Everything about a route follows from its row: the method and its models, its part of the OpenAPI
document, the function and the function's role, log group, alarms, dashboard row and outputs.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Literal, TypeAlias, get_args

from common.contract import JSON, MERGE_PATCH
from common.crud.entity import Entity
from common.entities import ENTITIES
from common.web import problems
from common.web.problems import Kind
from infra.spec.schemas import page_title
from infra.spec.stages import Authorization

Function: TypeAlias = str
"""The name of a folder under functions/."""

SsmParameter = Literal["config", "cursor-key"]

Access = Literal["read", "write"]
"""The permission that a caller needs."""

ACCESSES: tuple[Access, ...] = get_args(Access)

PROBLEMS_OF_EVERY_ROUTE = (
    problems.INVALID_BODY,
    problems.THROTTLED,
    problems.FAULT,
    problems.BUSY,
    problems.TIMED_OUT,
)
"""The problems that every route may answer."""

PROBLEMS_OF_CREDENTIALS: Mapping[Authorization, tuple[Kind, ...]] = {
    "api-key": (problems.NO_API_KEY,),
    # AWS does not document whether a token without the route's scope gets 401 or 403.
    "cognito": (problems.NO_ACCESS_TOKEN, problems.NO_SCOPE),
    "iam": (problems.NO_POLICY,),
}
"""The problems of a caller who may not call a route, by the stage's authorization."""

_PROBLEMS_OF_A_BODY = (problems.TOO_LARGE, problems.WRONG_MEDIA_TYPE, problems.RULE_BROKEN)
_PROBLEMS_OF_A_CHANGE = (problems.NOT_FOUND, problems.STATUS_CONFLICT, problems.VERSION_MISMATCH)


@dataclass(frozen=True)
class Route:
    """One method of the REST API."""

    method: str
    """The HTTP method."""

    path: str
    """The resource path, with ``{name}`` for path parameters."""

    entity: Entity
    """The entity whose table the route reads or writes."""

    function: Function
    """The folder under functions/ that answers."""

    operation: str
    """The name of the route in generated clients, in camel case."""

    summary: str
    """One line for people; the description of the method."""

    access: Access
    """The permission that a caller needs besides an API key, if the stage asks for one: the scope
    ``<collection>/<access>`` of an access token, or the managed policy of that name."""

    answers: Mapping[HTTPStatus, str | None]
    """The title of the JSON Schema of each successful answer's body, by status; None for no
    body."""

    problems: tuple[Kind, ...] = ()
    """The problems that the route may answer, besides those of every route."""

    table: tuple[str, ...] = ()
    """The DynamoDB actions that the route performs on the table itself."""

    indexes: tuple[str, ...] = ()
    """The DynamoDB actions that the route performs on the table's indexes."""

    body: Mapping[str, str] = field(default_factory=dict)
    """The title of the JSON Schema of the request body, by media type."""

    query: tuple[str, ...] = ()
    """The query parameters of the route."""

    headers: tuple[str, ...] = ()
    """The request headers that change the answer."""

    ssm_parameters: tuple[SsmParameter, ...] = ()
    """The SSM parameters that the route reads."""

    cache_ttl: int = 0
    """The seconds that the stage's cache and callers may keep an answer; 0 for no caching. The
    cache key holds every path and query parameter, and every one of ``headers``."""

    rate_share: float = 1
    """The share of the stage's rate and burst limits that the route may use, for all callers
    together."""

    @property
    def scope(self) -> str:
        """The OAuth scope that the route requires."""
        return f"{self.entity.collection}/{self.access}"

    @property
    def any_path(self) -> str:
        """The path with ``*`` for its parameters, as in IAM policies."""
        return "/".join("*" if part.startswith("{") else part for part in self.path.split("/"))

    @property
    def path_parameters(self) -> list[str]:
        """The names of the path's parameters."""
        return [part[1:-1] for part in self.path.split("/") if part.startswith("{")]


def crud_routes(entity: Entity) -> tuple[Route, ...]:
    """Return the routes that create, read, list, change and delete the items of an entity."""
    one = f"{entity.article} {entity.noun}"
    item = entity.type_name
    expiry_parameters: tuple[SsmParameter, ...] = ("config",) if entity.expires_in else ()
    return (
        Route(
            method="POST",
            path=entity.path,
            entity=entity,
            function="create",
            operation=f"create{item}",
            summary=f"Create {one}",
            access="write",
            answers={HTTPStatus.CREATED: item, HTTPStatus.OK: item},
            problems=(*_PROBLEMS_OF_A_BODY, problems.IDEMPOTENCY_KEY_REUSED),
            table=("dynamodb:PutItem",),
            body={JSON: f"{item}Create"},
            headers=("Idempotency-Key",),
        ),
        Route(
            method="GET",
            path=entity.path,
            entity=entity,
            function="read",
            operation=f"list{entity.plural_type_name}",
            summary=f"List {entity.plural}, newest first",
            access="read",
            answers={HTTPStatus.OK: page_title(entity)},
            problems=(problems.BAD_QUERY, problems.BAD_CURSOR),
            indexes=("dynamodb:Query",),
            query=("status", *entity.filters, "limit", "cursor"),
            ssm_parameters=("config", "cursor-key"),
            cache_ttl=5,
            # A list queries every shard; half of the capacity stays free for writes.
            rate_share=0.5,
        ),
        Route(
            method="GET",
            path=entity.item_path,
            entity=entity,
            function="read",
            operation=f"read{item}",
            summary=f"Read {one}",
            access="read",
            answers={HTTPStatus.OK: item, HTTPStatus.NOT_MODIFIED: None},
            problems=(problems.NOT_FOUND,),
            table=("dynamodb:GetItem",),
            headers=("If-None-Match",),
            cache_ttl=5,
        ),
        Route(
            method="PUT",
            path=entity.item_path,
            entity=entity,
            function="update",
            operation=f"replace{item}",
            summary=f"Replace the fields of {one} that callers may change",
            access="write",
            answers={HTTPStatus.OK: item, HTTPStatus.NO_CONTENT: None},
            problems=(*_PROBLEMS_OF_A_CHANGE, *_PROBLEMS_OF_A_BODY),
            table=("dynamodb:UpdateItem",),
            body={JSON: f"{item}Replace"},
            headers=("If-Match", "If-None-Match"),
            ssm_parameters=expiry_parameters,
        ),
        Route(
            method="PATCH",
            path=entity.item_path,
            entity=entity,
            function="update",
            operation=f"update{item}",
            summary=f"Change some fields of {one}",
            access="write",
            answers={HTTPStatus.OK: item, HTTPStatus.NO_CONTENT: None},
            problems=(*_PROBLEMS_OF_A_CHANGE, *_PROBLEMS_OF_A_BODY),
            table=("dynamodb:UpdateItem",),
            body={MERGE_PATCH: f"{item}Patch"},
            headers=("If-Match", "If-None-Match"),
            ssm_parameters=expiry_parameters,
        ),
        Route(
            method="DELETE",
            path=entity.item_path,
            entity=entity,
            function="delete",
            operation=f"delete{item}",
            summary=f"Delete {one}",
            access="write",
            answers={HTTPStatus.NO_CONTENT: None},
            problems=_PROBLEMS_OF_A_CHANGE,
            table=("dynamodb:UpdateItem",),
            headers=("If-Match", "If-None-Match"),
        ),
    )


ROUTES: tuple[Route, ...] = tuple(route for entity in ENTITIES for route in crud_routes(entity))


def scopes(entity: Entity) -> Mapping[Access, str]:
    """Return the description of each OAuth scope, as a consent page shows it."""
    return {
        "read": f"Read and list {entity.plural}",
        "write": f"Create, change and delete {entity.plural}",
    }


SCOPES: Mapping[str, str] = {
    f"{entity.collection}/{access}": description
    for entity in ENTITIES
    for access, description in scopes(entity).items()
}
"""The description of each OAuth scope of the API, by its full name."""

FUNCTIONS: tuple[Function, ...] = tuple(dict.fromkeys(route.function for route in ROUTES))


def entities_of(function: Function) -> tuple[Entity, ...]:
    """Return the entities that a function reads or writes."""
    return tuple(
        entity for entity in ENTITIES if any(r.entity is entity for r in routes_of(function))
    )


def routes_of(function: Function) -> tuple[Route, ...]:
    """Return the rows of a function."""
    return tuple(route for route in ROUTES if route.function == function)


def problem_statuses(route: Route, authorization: Authorization) -> list[HTTPStatus]:
    """Return the statuses of the problems that a route may answer, in ascending order."""
    kinds = (*PROBLEMS_OF_EVERY_ROUTE, *route.problems, *PROBLEMS_OF_CREDENTIALS[authorization])
    return sorted({kind.status for kind in kinds})
