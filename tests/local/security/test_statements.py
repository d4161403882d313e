"""Every statement of a role is necessary: without it, the deployed service fails."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any

import pytest

from common.aws.timeouts import LAMBDA_TIMEOUT
from common.crud.entity import Entity
from common.crud.examples import Change, examples_of
from common.entities import ENTITIES
from infra.spec.routes import FUNCTIONS, ROUTES, Function, Route, routes_of
from infra.spec.stages import STAGES
from local.deploy import STAGE
from tests.support.deployment.service import Service
from tests.support.entities import change, create, first_change, replacement_of
from tests.support.http.caller import Caller
from tests.support.http.response import HttpResponse
from tests.support.logs.log_archive import archived_lines
from tests.support.permissions.attempts import attempts
from tests.support.permissions.role_policies import removed_statement, role_statements

USED_BY_REQUESTS = (
    *("Archive", "Parameters"),
    *(f"{entity.plural_type_name}{kind}" for entity in ENTITIES for kind in ("Indexes", "Table")),
)
"""Without these, callers of the API get errors, or the archive lacks lines."""

USED_BY_LAMBDA = ("JoinVpc", "Logs")
"""Lambda needs these on AWS, but not in the emulator, so the test checks the role itself."""

UNUSED_LOCALLY = ("OnlyLambdaJoinsVpc", "Traces")
"""The emulator accepts traces from any role, and does not distinguish the code from Lambda itself.
tests/infra/compute/test_roles.py compares the whole roles."""


def last_changes(entity: Entity) -> list[Change]:
    """Return the changes that make an item expire; a single change if its entity never does."""
    examples = examples_of(entity)
    ways = [examples.path(status) for status in entity.expires_in]
    return min(ways, key=len, default=[first_change(entity)])


class FunctionCheck:
    """Checks over HTTP that each function works, with its own items."""

    def __init__(self, service: Service, call: Caller) -> None:
        self._service, self._call = service, call
        self._ids = {route.operation: self._new_item_id(route) for route in ROUTES}

    def works(self, function: Function) -> bool:
        """Return whether ``function`` works from its cold start on, including its logs."""
        # An execution environment keeps values in memory that its role may no longer read.
        self._service.client("lambda").update_function_configuration(
            FunctionName=self._service.outputs[f"{function.title()}Function"],
            # The same value: an update is enough to make the emulator start a new environment.
            Timeout=LAMBDA_TIMEOUT,
        )
        responses = [self._response(route) for route in routes_of(function)]
        ids = [response.headers["X-Request-Id"] for response in responses if response]
        return len(ids) == len(responses) and self._is_archived(function, ids[-1])

    def _new_item_id(self, route: Route) -> str:
        """Create an item that the route can change."""
        entity = route.entity
        before = last_changes(entity)[:-1] if route.method in {"PUT", "PATCH"} else []
        item = change(self._call, create(self._call, entity=entity), *before, entity=entity)
        item_id: str = item[entity.id_field]
        return item_id

    def _response(self, route: Route) -> HttpResponse | None:
        """Return the response of a route; None if it does not work."""
        entity, last = route.entity, last_changes(route.entity)[-1]
        path = route.path.format(**{entity.id_field: self._ids[route.operation]})
        bodies = {
            "POST": examples_of(entity).least,
            "PUT": replacement_of(last, entity),
            "PATCH": last.body,
        }
        response = self._call(route.method, f"{path}?limit=1", bodies.get(route.method))
        works = response.status < HTTPStatus.BAD_REQUEST
        if "cursor" in route.query:
            works = works and "next_cursor" in response.body
        if route.method in {"PUT", "PATCH"} and last.target in entity.expires_in:
            works = works and _expires_as_configured(response.body)
        return response if works else None

    def _is_archived(self, function: Function, request_id: str) -> bool:
        # In the local run, a function ships its lines before it answers.
        try:
            return bool(archived_lines(self._service, function, request_id))
        except AssertionError:
            return False


def _expires_as_configured(item: Mapping[str, Any]) -> bool:
    days = STAGES[STAGE].retention_days
    if days is None or "expires_at" not in item:
        return days is None and "expires_at" not in item
    retention = datetime.fromtimestamp(item["expires_at"], UTC) - datetime.now(UTC)
    return abs(retention - timedelta(days=days)) < timedelta(hours=1)


@pytest.fixture
def check(service: Service, call: Caller) -> FunctionCheck:
    return FunctionCheck(service, call)


def working(check: FunctionCheck, functions: list[Function]) -> list[Function]:
    """Return those of ``functions`` that work."""
    with ThreadPoolExecutor() as pool:
        return [f for f, w in zip(functions, pool.map(check.works, functions), strict=True) if w]


def test_the_lists_above_contain_every_statement(service: Service) -> None:
    sids = {sid for function in FUNCTIONS for sid in role_statements(service, function)}
    assert sids == {*USED_BY_REQUESTS, *USED_BY_LAMBDA, *UNUSED_LOCALLY}


def test_with_all_statements_every_function_works(check: FunctionCheck) -> None:
    assert working(check, [*FUNCTIONS]) == [*FUNCTIONS]


@pytest.mark.parametrize("sid", USED_BY_REQUESTS)
def test_without_a_statement_its_functions_fail(
    sid: str, check: FunctionCheck, service: Service
) -> None:
    functions = [function for function in FUNCTIONS if sid in role_statements(service, function)]
    with ExitStack() as changes:
        for function in functions:
            changes.enter_context(removed_statement(service, function, sid))
        assert functions
        assert working(check, functions) == []


@pytest.mark.parametrize("sid", USED_BY_LAMBDA)
@pytest.mark.parametrize("function", FUNCTIONS)
def test_without_a_statement_lambda_would_lack_its_actions(
    function: Function, sid: str, service: Service
) -> None:
    actions = role_statements(service, function)[sid]["Action"]
    own = [
        a
        for a in attempts(service.outputs, function)
        if a.action in actions and "another" not in a.target
    ]

    def allowed_actions() -> set[str]:
        names = {a.action.partition(":")[0] for a in own}
        clients = {name: service.client_of(function, name) for name in names}
        return {a.action for a in own if a.is_allowed(clients.__getitem__)}

    assert allowed_actions() == set(actions)
    with removed_statement(service, function, sid):
        assert allowed_actions() == set()
