"""DynamoDB and Parameter Store in this process, which carry out one attempt after the other.

They are those of the emulator, without its HTTP server. A condition and its write are one step.
"""

import json
from collections.abc import Coroutine, Mapping
from typing import Any

from ministack.services import dynamodb, ssm

from local.lambda_runtime import tables
from local.lambda_runtime.environment_variables import FUNCTION_ENVIRONMENT
from tests.support.entities import ENTITY
from tests.support.histories.attempts import Attempt, AwsAnswer

RETENTION_DAYS = 7
"""The days that an item is kept once it expires."""


def carry_out(attempt: Attempt) -> AwsAnswer:
    """Carry out an attempt."""
    service = dynamodb if attempt.is_to_dynamodb else ssm
    headers = {"x-amz-target": attempt.target}
    status, answered, body = _run(service.handle_request("POST", "/", headers, attempt.body, {}))
    return AwsAnswer(status, answered, body if isinstance(body, bytes) else body.encode())


def _run(handling: Coroutine[None, None, tuple[int, dict[str, str], bytes | str]]) -> Any:
    """Run a coroutine that waits for nothing.

    asyncio refuses to run one in a thread whose loop is running, as that of Playwright is.
    """
    try:
        handling.send(None)
    except StopIteration as end:
        return end.value
    raise RuntimeError("The emulator's service waits for something.")


def create_resources() -> None:
    """Create an empty table, and the parameter of the configuration."""
    dynamodb.reset()
    tables.create_table(_Tables(), ENTITY, ENTITY.collection)
    parameter = {
        "Name": FUNCTION_ENVIRONMENT["CONFIG_PARAMETER"],
        "Type": "String",
        "Value": json.dumps({"retention_days": RETENTION_DAYS}),
        "Overwrite": True,
    }
    _call("AmazonSSM.PutParameter", parameter)


class _Tables:
    """A client of DynamoDB that creates tables."""

    def create_table(self, **arguments: Any) -> None:
        _call("DynamoDB_20120810.CreateTable", arguments)


def _call(target: str, arguments: Mapping[str, Any]) -> None:
    answer = carry_out(Attempt("", target, json.dumps(arguments).encode()))
    assert answer.status == 200, answer
