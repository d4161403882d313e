"""The table of routes: what the REST API offers, and what each route may touch.

Everything that a route needs follows from its row: the method and its request models,
the function, the function's role, its log group, alarms, dashboard row and outputs.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from common.contract import JSON, MERGE_PATCH

Function: TypeAlias = str
"""The name of a folder under functions/."""

Parameter = Literal["config", "cursor-key"]


@dataclass(frozen=True)
class Route:
    """One method of the REST API.

    Args:
        method: The HTTP method.
        path: The resource path, with ``{name}`` for path parameters.
        function: The folder under functions/ that answers.
        summary: One line for people; the description of the method.
        table: DynamoDB actions that the route performs on the table itself.
        indexes: DynamoDB actions that the route performs on the table's indexes.
        body: The JSON Schema (a file in the layer's schemas folder, without its ending)
            of the request body, by media type.
        query: The query parameters that the route understands.
        headers: The request headers that change the answer; never part of a cache key.
        parameters: The SSM parameters that the route reads.
        cache_ttl: Seconds an answer may be served from the stage's cache; 0 is not cached.
            Every path and query parameter is part of the cache key.
    """

    method: str
    path: str
    function: Function
    summary: str
    table: tuple[str, ...] = ()
    indexes: tuple[str, ...] = ()
    body: Mapping[str, str] = field(default_factory=dict)
    query: tuple[str, ...] = ()
    headers: tuple[str, ...] = ()
    parameters: tuple[Parameter, ...] = ()
    cache_ttl: int = 0


ROUTES = (
    Route(
        method="POST",
        path="/jobs",
        function="create",
        summary="Register a job",
        table=("dynamodb:PutItem",),
        body={JSON: "job-create"},
        headers=("Idempotency-Key",),
    ),
    Route(
        method="GET",
        path="/jobs",
        function="read",
        summary="List jobs, newest first",
        indexes=("dynamodb:Query",),
        query=("status", "pipeline", "limit", "cursor"),
        parameters=("config", "cursor-key"),
        cache_ttl=5,
    ),
    Route(
        method="GET",
        path="/jobs/{job_id}",
        function="read",
        summary="Read one job",
        table=("dynamodb:GetItem",),
        cache_ttl=5,
    ),
    Route(
        method="PUT",
        path="/jobs/{job_id}",
        function="update",
        summary="Replace what a worker may change",
        table=("dynamodb:UpdateItem",),
        body={JSON: "job-replace"},
        headers=("If-Match",),
        parameters=("config",),
    ),
    Route(
        method="PATCH",
        path="/jobs/{job_id}",
        function="update",
        summary="Report progress or a change of status",
        table=("dynamodb:UpdateItem",),
        body={MERGE_PATCH: "job-patch"},
        headers=("If-Match",),
        parameters=("config",),
    ),
    Route(
        method="DELETE",
        path="/jobs/{job_id}",
        function="delete",
        summary="Delete a job that is not running",
        table=("dynamodb:DeleteItem",),
        headers=("If-Match",),
    ),
)

FUNCTIONS: tuple[Function, ...] = tuple(dict.fromkeys(route.function for route in ROUTES))


def routes_of(function: Function) -> tuple[Route, ...]:
    """The rows that ``function`` answers."""
    return tuple(route for route in ROUTES if route.function == function)
