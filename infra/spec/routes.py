"""The table of routes: what the REST API offers, and what each route may touch.

Everything that a route needs follows from its row: the method and its request models, its
part of the OpenAPI document, the function, the function's role, its log group, alarms,
dashboard row and outputs.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Literal, TypeAlias

from common.contract import JSON, MERGE_PATCH

Function: TypeAlias = str
"""The name of a folder under functions/."""

Parameter = Literal["config", "cursor-key"]

Access = Literal["read", "write"]
"""What a caller wants to do with jobs."""

RESOURCE_SERVER = "jobs"
"""What the names of the OAuth scopes begin with."""

SCOPES: Mapping[Access, str] = {
    "read": "Read and list jobs",
    "write": "Register, change and delete jobs",
}
"""What each scope of the resource server is for, in the words of a consent."""


@dataclass(frozen=True)
class Route:
    """One method of the REST API.

    Args:
        method: The HTTP method.
        path: The resource path, with ``{name}`` for path parameters.
        function: The folder under functions/ that answers.
        operation: What generated clients call the route, in camel case.
        summary: One line for people; the description of the method.
        access: What a caller must be allowed, where it is more than an API key that is asked for:
            the scope ``jobs/<access>`` of an access token, or the managed policy of that name.
        answers: The JSON Schema (a file in the layer's schemas/answers folder, without its
            ending) of the body of each successful answer, by status; None for no body. The
            problems that a route answers follow from the rest of the row.
        table: DynamoDB actions that the route performs on the table itself.
        indexes: DynamoDB actions that the route performs on the table's indexes.
        body: The JSON Schema (a file in the layer's schemas folder, without its ending)
            of the request body, by media type.
        query: The query parameters that the route understands.
        headers: The request headers that change the answer; never part of a cache key.
        parameters: The SSM parameters that the route reads.
        cache_ttl: Seconds an answer may be served from the stage's cache, and kept by a
            caller; 0 is not cached. Every path and query parameter is part of the cache key.
        rate_share: Part of the stage's rate and burst limits that the route may take, of all
            callers together.
    """

    method: str
    path: str
    function: Function
    operation: str
    summary: str
    access: Access
    answers: Mapping[HTTPStatus, str | None]
    table: tuple[str, ...] = ()
    indexes: tuple[str, ...] = ()
    body: Mapping[str, str] = field(default_factory=dict)
    query: tuple[str, ...] = ()
    headers: tuple[str, ...] = ()
    parameters: tuple[Parameter, ...] = ()
    cache_ttl: int = 0
    rate_share: float = 1

    @property
    def scope(self) -> str:
        """The OAuth scope that allows it."""
        return f"{RESOURCE_SERVER}/{self.access}"

    @property
    def any_path(self) -> str:
        """The path with ``*`` for its parameters, as policies have it."""
        return "/".join("*" if part.startswith("{") else part for part in self.path.split("/"))

    @property
    def path_parameters(self) -> list[str]:
        """The names in the path."""
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
        indexes=("dynamodb:Query",),
        query=("status", "pipeline", "limit", "cursor"),
        parameters=("config", "cursor-key"),
        cache_ttl=5,
        # One list is a query of every shard: writes keep their half whoever lists.
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
        table=("dynamodb:GetItem",),
        cache_ttl=5,
    ),
    Route(
        method="PUT",
        path="/jobs/{job_id}",
        function="update",
        operation="replaceJob",
        summary="Replace what a worker may change",
        access="write",
        answers={HTTPStatus.OK: "job"},
        table=("dynamodb:UpdateItem",),
        body={JSON: "job-replace"},
        headers=("If-Match",),
        parameters=("config",),
    ),
    Route(
        method="PATCH",
        path="/jobs/{job_id}",
        function="update",
        operation="updateJob",
        summary="Report progress or a change of status",
        access="write",
        answers={HTTPStatus.OK: "job"},
        table=("dynamodb:UpdateItem",),
        body={MERGE_PATCH: "job-patch"},
        headers=("If-Match",),
        parameters=("config",),
    ),
    Route(
        method="DELETE",
        path="/jobs/{job_id}",
        function="delete",
        operation="deleteJob",
        summary="Delete a job that is not running",
        access="write",
        answers={HTTPStatus.NO_CONTENT: None},
        table=("dynamodb:DeleteItem",),
        headers=("If-Match",),
    ),
)

FUNCTIONS: tuple[Function, ...] = tuple(dict.fromkeys(route.function for route in ROUTES))


def routes_of(function: Function) -> tuple[Route, ...]:
    """The rows that ``function`` answers."""
    return tuple(route for route in ROUTES if route.function == function)
