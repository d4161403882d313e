"""Callers of a stage for whom an API key is enough."""

import os
import subprocess

from infra.spec.paths import PROJECT
from infra.spec.routes import Route
from ops.deployment import HOME
from tests.support.deployment.service import Service
from tests.support.http.caller import Caller, bearer
from tests.support.http.every_route import each_route, jobs_of, refusal, succeeds


@each_route
def test_a_route_refuses_whoever_has_no_key_or_a_wrong_one(
    route: Route, service: Service, call: Caller
) -> None:
    job_id = next(jobs_of(call))
    for key in (None, "wrong"):
        assert refusal(route, Caller(service.api_url, key), job_id) == 403
    assert succeeds(route, call, job_id)


@each_route
def test_a_key_is_enough_whatever_else_is_sent(route: Route, call: Caller) -> None:
    with_token = Caller(call.api_url, call.api_key, proof=bearer("x"))
    assert succeeds(route, with_token, next(jobs_of(call)))


def test_an_operator_who_wants_a_token_is_told_that_there_is_none(service: Service) -> None:
    done = subprocess.run(
        [PROJECT / ".venv" / "bin" / "ops", "token"],
        env={**os.environ, HOME: str(service.home.folder)},
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert "its authorization is api-key" in done.stderr
