"""What each function may do, tried with its own credentials under enforced IAM."""

import functools
from collections.abc import Callable
from itertools import groupby
from typing import Any

import pytest

from infra.spec.paths import PROJECT
from infra.spec.routes import FUNCTIONS, Function
from tests.support.deployment.permission_attempts import Attempt, attempts, expected_permissions
from tests.support.deployment.role_policies import added_statement
from tests.support.deployment.service import Service

DOCUMENT = PROJECT / "docs" / "permissions.md"
INTRODUCTION = """\
# What each function may do

Written by `tests/local/security/test_permissions.py`, which tries every line with the real
credentials of each function's role against the deployed stack, under enforced IAM, and expects
what the
[table of routes](../infra/spec/routes.py) says. ✓ is allowed, · is denied.

The actions on the network are Lambda's, which joins the VPC with the role; another statement
denies them to the function's own code. X-Ray's two write actions are allowed as well; the
embedded AWS has no X-Ray to try them on.
"""

# Denied for another reason than the role: the embedded AWS has no action for PartiQL, and a
# function's role trusts Lambda only.
BEYOND_THE_ROLE = {
    "dynamodb:PartiQLDelete",
    "dynamodb:PartiQLInsert",
    "dynamodb:PartiQLSelect",
    "dynamodb:PartiQLUpdate",
    "sts:AssumeRole",
}

ClientOf = Callable[[str], Any]
Results = dict[Function, list[tuple[Attempt, bool]]]


@pytest.fixture(scope="module")
def client_of(service: Service) -> Callable[[Function], ClientOf]:
    """For each function, what gives clients with its credentials."""
    make = functools.cache(service.client_of)
    return lambda function: functools.partial(make, function)


@pytest.fixture(scope="module")
def results(service: Service, client_of: Callable[[Function], ClientOf]) -> Results:
    return {
        function: [(a, a.is_allowed(client_of(function))) for a in attempts(service, function)]
        for function in FUNCTIONS
    }


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_may_do_what_its_routes_say_and_nothing_else(
    function: Function, results: Results
) -> None:
    tried, may = results[function], expected_permissions(function)
    assert [attempt for attempt, allowed in tried if allowed != (attempt.permission in may)] == []
    assert {attempt.permission for attempt, allowed in tried if allowed} == may


def test_the_document_shows_what_was_tried(results: Results) -> None:
    shown = document(results)
    if not DOCUMENT.exists() or DOCUMENT.read_text() != shown:
        DOCUMENT.write_text(shown)
        pytest.fail(f"{DOCUMENT.relative_to(PROJECT)} was out of date; it is now to be committed")


@pytest.mark.parametrize("function", FUNCTIONS)
def test_one_permission_more_would_be_seen(
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


def document(results: Results) -> str:
    """The results as a page of Markdown."""
    lines = [INTRODUCTION]
    by_function = zip(*results.values(), strict=True)
    for service, rows in groupby(by_function, lambda row: row[0][0].action.partition(":")[0]):
        lines += [f"| {service} | on | {' | '.join(results)} |", "|---" * (len(results) + 2) + "|"]
        for row in rows:
            first = row[0][0]
            action = first.action.partition(":")[2]
            via = f" ({first.operation})" if first.operation != action else ""
            marks = " | ".join("✓" if allowed else "·" for _, allowed in row)
            lines.append(f"| {action}{via} | {first.target} | {marks} |")
        lines.append("")
    return "\n".join(lines)
