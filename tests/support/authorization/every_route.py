"""Send a request to any route, and check whether the API accepts or refuses it."""

from collections.abc import Iterator, Mapping

import pytest

from common.contract import PROBLEM
from infra.spec.routes import ROUTES, Route
from tests.support.http.caller import Caller
from tests.support.http.response import HttpResponse

NEW_JOB = {"pipeline": "sign-in", "input_uri": "s3://in/1"}
_REQUESTS: Mapping[str, tuple[object, int]] = {
    "createJob": (NEW_JOB, 201),
    "listJobs": (None, 200),
    "readJob": (None, 200),
    "replaceJob": ({"status": "CANCELLED"}, 200),
    "updateJob": ({"status": "RUNNING"}, 200),
    "deleteJob": (None, 204),
}
"""By operation: a body, and the status of the response to a caller with access."""

each_route = pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.operation)


def required_access(route: Route) -> str:
    """Return the access that a route should require, independently of the table of routes."""
    return "read" if route.method == "GET" else "write"


def call_route(route: Route, caller: Caller, job_id: str) -> HttpResponse:
    """Call a route, and return the response; routes without a job ignore ``job_id``."""
    body, _ = _REQUESTS[route.operation]
    return caller(route.method, route.path.format(job_id=job_id), body)


def succeeds(route: Route, caller: Caller, job_id: str) -> bool:
    """Return whether the route responds to ``caller`` with its success status."""
    return call_route(route, caller, job_id).status == _REQUESTS[route.operation][1]


def refusal_status(route: Route, caller: Caller, job_id: str) -> int:
    """Return the status of a refusal, and check the problem document.

    Raises:
        AssertionError: The response is not a problem that a page of any origin can read.
    """
    response = call_route(route, caller, job_id)
    assert response.headers["Content-Type"] == PROBLEM
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    assert "X-Request-Id" in response.headers["Access-Control-Expose-Headers"]
    assert response.headers["Cache-Control"] == "no-store"
    body = response.body
    assert body["request_id"] == response.headers["X-Request-Id"]
    assert body["instance"].endswith(route.path.format(job_id=job_id))
    assert body["status"] == response.status
    return response.status


def new_job_ids(caller: Caller) -> Iterator[str]:
    """Create jobs, and yield their ids."""
    while True:
        yield caller("POST", "/jobs", NEW_JOB).body["job_id"]
