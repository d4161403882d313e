"""The part of Lambda's context object that the layer uses.

https://docs.aws.amazon.com/lambda/latest/dg/python-context.html
"""

from typing import Protocol


class LambdaContext(Protocol):
    @property
    def aws_request_id(self) -> str:
        """The id of this invocation, which no other invocation has."""

    def get_remaining_time_in_millis(self) -> int:
        """Return the milliseconds until the function's timeout."""
