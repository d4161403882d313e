"""Read the statements of the functions' roles, and change the roles temporarily."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from infra.spec.routes import Function
from tests.support.deployment.service import Service

Statement = Mapping[str, Any]


def role_statements(service: Service, function: Function) -> dict[str, Statement]:
    """Return the statements of a function's role by statement id."""
    policy = service.client("iam").get_role_policy(**_policy_names(service, function))
    return {each["Sid"]: each for each in policy["PolicyDocument"]["Statement"]}


@contextmanager
def added_statement(service: Service, function: Function, statement: Statement) -> Iterator[None]:
    """Add a statement to a function's role until the context ends."""
    policy = {**_policy_names(service, function), "PolicyName": "added"}
    _put(service, policy, [statement])
    try:
        yield
    finally:
        service.client("iam").delete_role_policy(**policy)


@contextmanager
def removed_statement(service: Service, function: Function, sid: str) -> Iterator[None]:
    """Remove a statement from a function's role until the context ends."""
    policy, complete = _policy_names(service, function), role_statements(service, function)
    _put(service, policy, [each for name, each in complete.items() if name != sid])
    try:
        yield
    finally:
        _put(service, policy, list(complete.values()))


def _policy_names(service: Service, function: Function) -> dict[str, str]:
    return {"RoleName": service.outputs[f"{function.title()}Role"], "PolicyName": "permissions"}


def _put(service: Service, policy: Mapping[str, str], content: list[Statement]) -> None:
    document = {"Version": "2012-10-17", "Statement": content}
    service.client("iam").put_role_policy(**policy, PolicyDocument=json.dumps(document))
