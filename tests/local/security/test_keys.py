"""Callers on a stage where an API key is enough."""

from infra.spec.routes import Route
from tests.support.authorization.every_route import (
    each_route,
    new_item_id,
    refusal_status,
    succeeds,
)
from tests.support.deployment.ops_command import run_ops
from tests.support.deployment.service import Service
from tests.support.http.caller import Caller, bearer_auth


@each_route
def test_a_route_refuses_a_caller_without_a_key_or_with_a_wrong_one(
    route: Route, service: Service, call: Caller
) -> None:
    item_id = new_item_id(call, route.entity)
    for key in (None, "wrong"):
        assert refusal_status(route, Caller(service.api_url, key), item_id) == 403
    assert succeeds(route, call, item_id)


@each_route
def test_a_key_is_enough_even_with_an_invalid_token(route: Route, call: Caller) -> None:
    caller = Caller(call.api_url, call.api_key, auth=bearer_auth("x"))
    assert succeeds(route, caller, new_item_id(call, route.entity))


def test_ops_token_reports_that_the_stage_has_no_tokens(service: Service) -> None:
    command = run_ops(service, "token")
    assert (command.returncode, command.stdout) == (1, "")
    assert "its authorization is api-key" in command.stderr
