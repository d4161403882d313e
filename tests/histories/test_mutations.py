"""Without a part of the store's conditions, histories are not linearizable.

So the check sees what each part is for.
"""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from common.dynamodb.writers import NOT_WRITTEN_YET
from tests.support.histories.attempts import Attempt
from tests.support.histories.verdict import check_history

MOST_HISTORIES = 20

pytestmark = pytest.mark.nightly


def _without_the_mark(call: dict[str, Any]) -> None:
    """Let a write be applied again."""
    always = f"({NOT_WRITTEN_YET} OR attribute_exists(writers))"
    call["ConditionExpression"] = call["ConditionExpression"].replace(NOT_WRITTEN_YET, always)


def _without_the_incarnation(call: dict[str, Any]) -> None:
    """Let an ETag match each item that has its version."""
    call["ConditionExpression"] = call["ConditionExpression"].replace(
        "#incarnation = ", "attribute_exists(#incarnation) OR #incarnation = "
    )


def _without_the_tombstone(call: dict[str, Any]) -> None:
    """Delete an item, and all that it remembers."""
    if "deleted_at" not in call.get("UpdateExpression", ""):
        return
    del call["UpdateExpression"]
    condition = call["ConditionExpression"]
    for kind in ("ExpressionAttributeNames", "ExpressionAttributeValues"):
        call[kind] = {name: value for name, value in call[kind].items() if _uses(condition, name)}


def _uses(expression: str, placeholder: str) -> bool:
    return any(word.strip("(),") == placeholder for word in expression.split())


def _mutation(change: Callable[[dict[str, Any]], None]) -> Callable[[Attempt], Attempt]:
    def mutate(attempt: Attempt) -> Attempt:
        call = json.loads(attempt.body)
        if not attempt.is_write or "ConditionExpression" not in call:
            return attempt
        deletes = "UpdateExpression" in call
        change(call)
        deletes = deletes and "UpdateExpression" not in call
        target = "DynamoDB_20120810.DeleteItem" if deletes else attempt.target
        return replace(attempt, target=target, body=json.dumps(call).encode())

    return mutate


@pytest.mark.usefixtures("aws")
@pytest.mark.parametrize(
    "change", [_without_the_mark, _without_the_incarnation, _without_the_tombstone]
)
def test_a_mutation_is_found(change: Callable[[dict[str, Any]], None]) -> None:
    def simulate() -> None:
        for seed in range(MOST_HISTORIES):
            check_history(seed, _mutation(change))

    with pytest.raises(AssertionError, match=r"no order of these operations|two representations"):
        simulate()
