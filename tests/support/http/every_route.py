"""A request to every route, and what comes of those whom the API does not let in."""

from collections.abc import Iterator, Mapping

import pytest

from common.contract import PROBLEM
from infra.spec.routes import ROUTES, Route
from tests.support.http.answer import Answer
from tests.support.http.caller import Caller

BODY = {"pipeline": "sign-in", "input_uri": "s3://in/1"}
_REQUESTS: Mapping[str, tuple[object, int]] = {
    "createJob": (BODY, 201),
    "listJobs": (None, 200),
    "readJob": (None, 200),
    "replaceJob": ({"status": "CANCELLED"}, 200),
    "updateJob": ({"status": "RUNNING"}, 200),
    "deleteJob": (None, 204),
}
"""By operation: a body, and the status of the answer to whom the route is allowed."""

each_route = pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.operation)


def access(route: Route) -> str:
    """What a caller of ``route`` must be allowed, whatever the table of routes says."""
    return "read" if route.method == "GET" else "write"


def request(route: Route, caller: Caller, job_id: str) -> Answer:
    """The answer to ``caller``, about the job if the route is about one."""
    body, _ = _REQUESTS[route.operation]
    return caller(route.method, route.path.format(job_id=job_id), body)


def succeeds(route: Route, caller: Caller, job_id: str) -> bool:
    """Whether the route does for ``caller`` what it is for."""
    return request(route, caller, job_id).status == _REQUESTS[route.operation][1]


def refusal(route: Route, caller: Caller, job_id: str) -> int:
    """The status of a refusal, which is a problem that a page of any origin can read."""
    refused = request(route, caller, job_id)
    assert refused.headers["Content-Type"] == PROBLEM
    assert refused.headers["Access-Control-Allow-Origin"] == "*"
    assert "X-Request-Id" in refused.headers["Access-Control-Expose-Headers"]
    assert refused.headers["Cache-Control"] == "no-store"
    body = refused.body
    assert body["request_id"] == refused.headers["X-Request-Id"]
    assert body["instance"].endswith(route.path.format(job_id=job_id))
    assert body["status"] == refused.status
    return refused.status


def jobs_of(caller: Caller) -> Iterator[str]:
    """Ids of new jobs, one after the other."""
    while True:
        yield caller("POST", "/jobs", BODY).body["job_id"]
