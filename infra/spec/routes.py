"""The table of routes: the methods of the REST API, and the permissions of each.

Everything about a route follows from its row: the method and its models, its part of the OpenAPI
document, the function and the function's role, log group, alarms, dashboard row and outputs.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Literal, TypeAlias

from common.contract import JSON, MERGE_PATCH
from common.web import problems
from common.web.problems import Kind
from infra.spec.stages import Authorization

Function: TypeAlias = str
"""The name of a folder under functions/."""

SsmParameter = Literal["config", "cursor-key"]

Access = Literal["read", "write"]
"""The permission that a caller needs."""

RESOURCE_SERVER = "jobs"
"""The first part of the OAuth scopes' names."""

SCOPES: Mapping[Access, str] = {
    "read": "Read and list jobs",
    "write": "Register, change and delete jobs",
}
"""The description of each scope, as a consent page shows it."""

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

    function: Function
    """The folder under functions/ that answers."""

    operation: str
    """The name of the route in generated clients, in camel case."""

    summary: str
    """One line for people; the description of the method."""

    access: Access
    """The permission that a caller needs besides an API key, if the stage asks for one: the scope
    ``jobs/<access>`` of an access token, or the managed policy of that name."""

    answers: Mapping[HTTPStatus, str | None]
    """The JSON Schema of the body of each successful answer, by status; None for no body. A schema
    is a file in the layer's schemas/answers folder, without its extension."""

    problems: tuple[Kind, ...] = ()
    """The problems that the route may answer, besides those of every route."""

    table: tuple[str, ...] = ()
    """The DynamoDB actions that the route performs on the table itself."""

    indexes: tuple[str, ...] = ()
    """The DynamoDB actions that the route performs on the table's indexes."""

    body: Mapping[str, str] = field(default_factory=dict)
    """The JSON Schema of the request body, by media type. A schema is a file in the layer's
    schemas folder, without its extension."""

    query: tuple[str, ...] = ()
    """The query parameters of the route."""

    headers: tuple[str, ...] = ()
    """The request headers that change the answer; never part of a cache key."""

    ssm_parameters: tuple[SsmParameter, ...] = ()
    """The SSM parameters that the route reads."""

    cache_ttl: int = 0
    """The seconds that the stage's cache and callers may keep an answer; 0 for no caching. The
    cache key holds every path and query parameter."""

    rate_share: float = 1
    """The share of the stage's rate and burst limits that the route may use, for all callers
    together."""

    @property
    def scope(self) -> str:
        """The OAuth scope that the route requires."""
        return f"{RESOURCE_SERVER}/{self.access}"

    @property
    def any_path(self) -> str:
        """The path with ``*`` for its parameters, as in IAM policies."""
        return "/".join("*" if part.startswith("{") else part for part in self.path.split("/"))

    @property
    def path_parameters(self) -> list[str]:
        """The names of the path's parameters."""
        return [part[1:-1] for part in self.path.split("/") if part.startswith("{")]


ROUTES = (
    Route(
        method="POST",
        path="/jobs",
        function="create",
        operation="createJob",
        summary="Register a job",
        access="write",
        answers={HTTPStatus.CREATED: "job", HTTPStatus.OK: "job"},
        problems=(*_PROBLEMS_OF_A_BODY, problems.IDEMPOTENCY_KEY_REUSED),
        table=("dynamodb:PutItem",),
        body={JSON: "job-create"},
        headers=("Idempotency-Key",),
    ),
    Route(
        method="GET",
        path="/jobs",
        function="read",
        operation="listJobs",
        summary="List jobs, newest first",
        access="read",
        answers={HTTPStatus.OK: "job-page"},
        problems=(problems.BAD_QUERY, problems.BAD_CURSOR),
        indexes=("dynamodb:Query",),
        query=("status", "pipeline", "limit", "cursor"),
        ssm_parameters=("config", "cursor-key"),
        cache_ttl=5,
        # A list queries every shard; half of the capacity stays free for writes.
        rate_share=0.5,
    ),
    Route(
        method="GET",
        path="/jobs/{job_id}",
        function="read",
        operation="readJob",
        summary="Read one job",
        access="read",
        answers={HTTPStatus.OK: "job"},
        problems=(problems.NOT_FOUND,),
        table=("dynamodb:GetItem",),
        cache_ttl=5,
    ),
    Route(
        method="PUT",
        path="/jobs/{job_id}",
        function="update",
        operation="replaceJob",
        summary="Replace the fields that a worker may change",
        access="write",
        answers={HTTPStatus.OK: "job"},
        problems=(*_PROBLEMS_OF_A_CHANGE, *_PROBLEMS_OF_A_BODY),
        table=("dynamodb:UpdateItem",),
        body={JSON: "job-replace"},
        headers=("If-Match",),
        ssm_parameters=("config",),
    ),
    Route(
        method="PATCH",
        path="/jobs/{job_id}",
        function="update",
        operation="updateJob",
        summary="Report progress or a change of status",
        access="write",
        answers={HTTPStatus.OK: "job"},
        problems=(*_PROBLEMS_OF_A_CHANGE, *_PROBLEMS_OF_A_BODY),
        table=("dynamodb:UpdateItem",),
        body={MERGE_PATCH: "job-patch"},
        headers=("If-Match",),
        ssm_parameters=("config",),
    ),
    Route(
        method="DELETE",
        path="/jobs/{job_id}",
        function="delete",
        operation="deleteJob",
        summary="Delete a job that is not running",
        access="write",
        answers={HTTPStatus.NO_CONTENT: None},
        problems=_PROBLEMS_OF_A_CHANGE,
        table=("dynamodb:DeleteItem",),
        headers=("If-Match",),
    ),
)

FUNCTIONS: tuple[Function, ...] = tuple(dict.fromkeys(route.function for route in ROUTES))


def routes_of(function: Function) -> tuple[Route, ...]:
    """Return the rows of a function."""
    return tuple(route for route in ROUTES if route.function == function)


def problem_statuses(route: Route, authorization: Authorization) -> list[HTTPStatus]:
    """Return the statuses of the problems that a route may answer, in ascending order."""
    kinds = (*PROBLEMS_OF_EVERY_ROUTE, *route.problems, *PROBLEMS_OF_CREDENTIALS[authorization])
    return sorted({kind.status for kind in kinds})
