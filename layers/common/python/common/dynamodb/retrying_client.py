"""The retrying DynamoDB client.

boto retries throttled and failed calls within the timeouts of :mod:`common.aws.timeouts` and the
request's deadline. :func:`call` turns the failures that remain into exceptions of the layer.
"""

from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError, ConnectionError, HTTPClientError
from botocore.parsers import ResponseParserError

from common.dynamodb.attribute_values import unmarshal
from common.exceptions import DeadlineReached, Unavailable

_TRANSIENT = {
    "InternalServerError",
    "LimitExceededException",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "ServiceUnavailable",
    "ThrottlingException",
}


class ConditionFailed(Exception):
    """DynamoDB refused a write because its condition did not hold."""

    def __init__(self, item: dict[str, Any], retries: int) -> None:
        super().__init__()
        self.item = item
        """The item that failed the condition; empty if there was none."""
        self.retries = retries
        """The attempts that botocore made before this one."""


def call(operation: Callable[..., Any], **arguments: Any) -> Any:
    """Call an operation of the DynamoDB client.

    Raises:
        ConditionFailed: The condition of a write did not hold.
        Unavailable: DynamoDB failed, or no time was left; a write may have been carried out.
    """
    try:
        return operation(**arguments)
    except ClientError as error:
        code = error.response["Error"]["Code"]
        metadata = error.response["ResponseMetadata"]
        if code == "ConditionalCheckFailedException":
            # The type of an error response lacks the item of ReturnValuesOnConditionCheckFailure.
            item: dict[str, Any] = error.response.get("Item", {})  # type: ignore[assignment]
            raise ConditionFailed(unmarshal(item), metadata["RetryAttempts"]) from error
        if code in _TRANSIENT or metadata["HTTPStatusCode"] >= 500:
            raise Unavailable(code) from error
        raise
    except (ConnectionError, HTTPClientError, ResponseParserError, DeadlineReached) as error:
        raise Unavailable(type(error).__name__) from error
