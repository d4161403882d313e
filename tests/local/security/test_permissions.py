"""The permissions of each function, tested with its credentials under enforced IAM."""

import functools
from collections.abc import Callable
from typing import Any

import pytest

from infra.spec.routes import FUNCTIONS, Function
from tests.support.deployment.service import Service
from tests.support.permissions.attempts import attempts, expected_permissions
from tests.support.permissions.page import PAGE, Results, permissions_page
from tests.support.permissions.role_policies import added_statement

# These are denied regardless of the role: the emulator has no actions for PartiQL, and a
# function's role trusts only Lambda.
BEYOND_THE_ROLE = {
    "dynamodb:PartiQLDelete",
    "dynamodb:PartiQLInsert",
    "dynamodb:PartiQLSelect",
    "dynamodb:PartiQLUpdate",
    "sts:AssumeRole",
}

ClientOf = Callable[[str], Any]


@pytest.fixture(scope="module")
def client_of(service: Service) -> Callable[[Function], ClientOf]:
    """Returns, for a function, a factory of boto3 clients with the function's credentials."""
    create = functools.cache(service.client_of)
    return lambda function: functools.partial(create, function)


@pytest.fixture(scope="module")
def results(service: Service, client_of: Callable[[Function], ClientOf]) -> Results:
    return {
        function: [
            (a, a.is_allowed(client_of(function))) for a in attempts(service.outputs, function)
        ]
        for function in FUNCTIONS
    }


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_has_exactly_the_permissions_of_its_routes(
    function: Function, results: Results
) -> None:
    outcomes, expected = results[function], expected_permissions(function)
    assert [a for a, allowed in outcomes if allowed != (a.permission in expected)] == []
    assert {a.permission for a, allowed in outcomes if allowed} == expected


def test_the_document_shows_the_results(results: Results) -> None:
    assert PAGE.read_text() == permissions_page(results), "run `make documents`"


@pytest.mark.parametrize("function", FUNCTIONS)
def test_the_test_would_notice_each_additional_permission(
    function: Function,
    service: Service,
    client_of: Callable[[Function], ClientOf],
    results: Results,
) -> None:
    for attempt, allowed in results[function]:
        if not allowed and attempt.action not in BEYOND_THE_ROLE:
            statement = {
                "Effect": "Allow",
                "Action": attempt.action,
                "Resource": attempt.resource,
            }
            with added_statement(service, function, statement):
                assert attempt.is_allowed(client_of(function)), attempt
