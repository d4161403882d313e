"""Callers of a stage for whom an API key is enough."""

from infra.spec.routes import Route
from tests.support.authorization.every_route import (
    each_route,
    new_job_ids,
    refusal_status,
    succeeds,
)
from tests.support.deployment.ops_command import run_ops
from tests.support.deployment.service import Service
from tests.support.http.caller import Caller, bearer_auth


@each_route
def test_a_route_refuses_whoever_has_no_key_or_a_wrong_one(
    route: Route, service: Service, call: Caller
) -> None:
    job_id = next(new_job_ids(call))
    for key in (None, "wrong"):
        assert refusal_status(route, Caller(service.api_url, key), job_id) == 403
    assert succeeds(route, call, job_id)


@each_route
def test_a_key_is_enough_whatever_else_is_sent(route: Route, call: Caller) -> None:
    with_token = Caller(call.api_url, call.api_key, auth=bearer_auth("x"))
    assert succeeds(route, with_token, next(new_job_ids(call)))


def test_an_operator_who_wants_a_token_is_told_that_there_is_none(service: Service) -> None:
    command = run_ops(service, "token")
    assert (command.returncode, command.stdout) == (1, "")
    assert "its authorization is api-key" in command.stderr
