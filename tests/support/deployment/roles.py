"""The functions' roles, changed for a while."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from infra.spec.routes import Function
from tests.support.deployment.service import Service

Statement = Mapping[str, Any]


def statements(service: Service, function: Function) -> dict[str, Statement]:
    """The statements of a function's role, by their ids."""
    policy = service.client("iam").get_role_policy(**_policy_of(service, function))
    return {each["Sid"]: each for each in policy["PolicyDocument"]["Statement"]}


@contextmanager
def added(service: Service, function: Function, statement: Statement) -> Iterator[None]:
    """A statement more, for as long as the context is entered."""
    more = {**_policy_of(service, function), "PolicyName": "added"}
    _put(service, more, [statement])
    try:
        yield
    finally:
        service.client("iam").delete_role_policy(**more)


@contextmanager
def without(service: Service, function: Function, sid: str) -> Iterator[None]:
    """A statement less, for as long as the context is entered."""
    policy, complete = _policy_of(service, function), statements(service, function)
    _put(service, policy, [each for name, each in complete.items() if name != sid])
    try:
        yield
    finally:
        _put(service, policy, list(complete.values()))


def _policy_of(service: Service, function: Function) -> dict[str, str]:
    return {"RoleName": service.outputs[f"{function.title()}Role"], "PolicyName": "permissions"}


def _put(service: Service, policy: Mapping[str, str], content: list[Statement]) -> None:
    document = {"Version": "2012-10-17", "Statement": content}
    service.client("iam").put_role_policy(**policy, PolicyDocument=json.dumps(document))
