"""The state of a request to the REST API while the emulator answers it."""

from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from ministack.services import apigateway_v1

from local.emulator.traces import Span, new_trace_id

_PATH_CHARACTERS = "/:@!$&'()*+,;=~"
"""The characters of a path that need no encoding, besides letters and digits (RFC 3986, 3.3)."""

Answer = tuple[int, Mapping[str, Any], bytes]
"""Status, headers and body."""


class Invocation:
    """A call of a function by API Gateway, as X-Ray records it.

    Args:
        trace_id: The trace of the request.
        name: The function's name.
    """

    def __init__(self, trace_id: str, name: str) -> None:
        self.name = name
        self.call = Span(trace_id, "Lambda", {"namespace": "aws"})
        """API Gateway's call of Lambda."""
        self.service = Span(trace_id, name, {"origin": "AWS::Lambda"}, self.call.id)
        """The segment of the Lambda service."""
        self.function = Span(trace_id, name, {"origin": "AWS::Lambda::Function"}, self.service.id)
        """The segment of the function."""
        self.failed = False
        """True if the function does not exist, or raised an error."""
        self.ran = False
        """False if the function does not exist, or Lambda throttled it."""

    def finish(self, result: Mapping[str, Any] | None) -> None:
        """End the spans.

        Args:
            result: The emulator's record of the execution; None if there is no such function.
        """
        self.failed = result is None or bool(result.get("error"))
        self.ran = result is not None and not result.get("throttle")
        for span in (self.function, self.service, self.call):
            span.finish(HTTPStatus.BAD_GATEWAY if self.failed else HTTPStatus.OK)


@dataclass
class ApiRequest:
    """A request to the REST API."""

    api_id: str
    stage: str
    method: str
    path: str
    """The path below the stage."""
    headers: Mapping[str, Any]
    segment: Span = field(init=False)
    """API Gateway's segment in X-Ray."""
    record: dict[str, Any] = field(default_factory=dict)
    """The emulator's record of the request; empty until the request is routed."""
    event: Mapping[str, Any] = field(default_factory=dict)
    """The event that the function receives; empty if the request reaches no function."""
    invocation: Invocation | None = None
    error: Any = None
    """The emulator's error, if API Gateway itself refuses the request."""

    def __post_init__(self) -> None:
        self.segment = Span(new_trace_id(), "", {"origin": "AWS::ApiGateway::Stage"})

    @property
    def api_name(self) -> str:
        """The name of the API."""
        name: str = apigateway_v1._rest_apis.get(self.api_id, {}).get("name", self.api_id)
        return name

    @property
    def path_with_stage(self) -> str:
        """The value of ``$context.path``, which is percent-encoded."""
        return f"/{self.stage}{quote(self.path, safe=_PATH_CHARACTERS)}"

    def header(self, name: str) -> str:
        """Return a header's value, or an empty string if the request lacks the header."""
        return apigateway_v1._header_ci(self.headers, name) or ""


CURRENT: ContextVar[ApiRequest | None] = ContextVar("CURRENT", default=None)
"""The request that the current task answers."""


def current_request() -> ApiRequest:
    """Return the request that the current task answers."""
    request = CURRENT.get()
    assert request is not None, "no request to the API is under way"
    return request
