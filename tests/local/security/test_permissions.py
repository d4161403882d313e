"""The permissions of each function, tested with its credentials under enforced IAM."""

import functools
from collections.abc import Callable, Iterator
from itertools import groupby
from typing import Any

import pytest

from infra.spec.paths import DOCS, PROJECT
from infra.spec.routes import FUNCTIONS, Function
from tests.support.deployment.permission_attempts import Attempt, attempts, expected_permissions
from tests.support.deployment.role_policies import added_statement
from tests.support.deployment.service import Service

DOCUMENT = DOCS / "permissions.md"
INTRODUCTION = """\
# The permissions of each function

`tests/local/security/test_permissions.py` generates this page. For every line, it calls the
deployed stack with the credentials of each function's role, under enforced IAM, and compares the
result with the [table of routes](../infra/spec/routes.py). ✓ means allowed, · means denied.

Lambda itself needs the network actions, to join the function to the VPC; another statement denies
them to the function's code. The roles also allow X-Ray's two write actions, which are missing here
because the emulator checks no permission for X-Ray.
"""

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
Results = dict[Function, list[tuple[Attempt, bool]]]


@pytest.fixture(scope="module")
def client_of(service: Service) -> Callable[[Function], ClientOf]:
    """Returns, for a function, a factory of boto3 clients with the function's credentials."""
    create = functools.cache(service.client_of)
    return lambda function: functools.partial(create, function)


@pytest.fixture(scope="module")
def results(service: Service, client_of: Callable[[Function], ClientOf]) -> Results:
    return {
        function: [(a, a.is_allowed(client_of(function))) for a in attempts(service, function)]
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
    page = document(results)
    if not DOCUMENT.exists() or DOCUMENT.read_text() != page:
        DOCUMENT.write_text(page)
        pytest.fail(f"{DOCUMENT.relative_to(PROJECT)} was out of date; commit the new version")


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


def document(results: Results) -> str:
    """Format the results as a Markdown page."""
    lines = [INTRODUCTION]
    for service, rows in groupby(table_rows(results), lambda row: row[0].action.partition(":")[0]):
        lines += [f"| {service} | on | {' | '.join(results)} |", "|---" * (len(results) + 2) + "|"]
        for attempt, target, allowed in rows:
            action = attempt.action.partition(":")[2]
            via = f" ({attempt.operation})" if attempt.operation != action else ""
            marks = " | ".join("✓" if each else "·" for each in allowed)
            lines.append(f"| {action}{via} | {target} | {marks} |")
        lines.append("")
    return "\n".join(lines)


def table_rows(results: Results) -> Iterator[tuple[Attempt, str, tuple[bool, ...]]]:
    """Yield each kind of attempt, its target, and the result of each function.

    Attempts on several targets of a kind are one row if their results are the same.
    """
    kinds: dict[tuple[str, str, str], list[tuple[Attempt, tuple[bool, ...]]]] = {}
    for by_function in zip(*results.values(), strict=True):
        attempt = by_function[0][0]
        kind = (attempt.action, attempt.operation, attempt.plural_target or attempt.target)
        kinds.setdefault(kind, []).append((attempt, tuple(allowed for _, allowed in by_function)))
    for (_, _, target), rows in kinds.items():
        if len({allowed for _, allowed in rows}) == 1:
            yield rows[0][0], target, rows[0][1]
        else:
            yield from ((attempt, attempt.target, allowed) for attempt, allowed in rows)
