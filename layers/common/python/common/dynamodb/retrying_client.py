"""The retrying DynamoDB client.

boto retries throttled and failed calls within the timeouts of :mod:`common.aws.timeouts` and the
request's deadline. :func:`call` turns the failures that remain into exceptions of the layer.
"""

from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import ClientError

from common.aws.outcomes import CONDITION_FAILED, FAILURES, failure
from common.dynamodb.attribute_values import unmarshal
from common.exceptions import Unavailable


class ConditionFailed(Exception):
    """DynamoDB refused a write because its condition did not hold."""

    def __init__(self, item: dict[str, Any]) -> None:
        super().__init__()
        self.item = item
        """The item that failed the condition; empty if there was none."""


def call(operation: Callable[..., Any], **arguments: Any) -> Any:
    """Call an operation of the DynamoDB client.

    Raises:
        ConditionFailed: The condition of a write did not hold.
        Unavailable: DynamoDB failed, or no time was left; a write may have been carried out.
        CallRejected: DynamoDB will never take this call.
    """
    try:
        answer = operation(**arguments)
    except FAILURES as error:
        # A variable for the new exception would refer to itself by the traceback, and so keep
        # Lambda's context alive, whose end tells the extension that the caller has the answer.
        raise (_refusal(error) or failure(error)) from error
    if not _is_complete(answer, arguments):
        raise Unavailable("incomplete answer")
    return answer


def _refusal(error: Exception) -> ConditionFailed | None:
    if isinstance(error, ClientError) and error.response["Error"].get("Code") == CONDITION_FAILED:
        # The type of an error response lacks the item of ReturnValuesOnConditionCheckFailure.
        item: dict[str, Any] = error.response.get("Item", {})  # type: ignore[assignment]
        return ConditionFailed(unmarshal(item))
    return None


def _is_complete(answer: Mapping[str, Any], arguments: Mapping[str, Any]) -> bool:
    """Return whether an answer has what its call asks for, and about the item of its key."""
    if "KeyConditionExpression" in arguments:
        return "Items" in answer
    if arguments.get("ReturnValues") == "ALL_NEW" and "Attributes" not in answer:
        return False
    item = answer.get("Attributes") or answer.get("Item")
    return not item or all(
        item.get(name, value) == value for name, value in arguments["Key"].items()
    )
