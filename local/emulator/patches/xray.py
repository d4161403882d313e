"""X-Ray: receive, record and show traces.

Every request is traced: on a machine with one caller, a sample would show next to nothing.
"""

import os
from typing import Any

from ministack import app
from ministack.core import router
from ministack.services import lambda_svc

from local.emulator.patches.api_request import CURRENT, Answer, ApiRequest, Invocation
from local.emulator.traces import Traces
from local.emulator.wrapping import Wrapper, wrap

_TRACES = Traces()


def serve_api() -> None:
    """Receive segments at the address of X-Ray's daemon, and serve a part of X-Ray's API."""
    host, port = os.environ["AWS_XRAY_DAEMON_ADDRESS"].split(":")
    _TRACES.listen(host, int(port))
    app.SERVICE_HANDLERS["xray"] = _TRACES.api
    router.SERVICE_PATTERNS["xray"] = {}


def continue_traces() -> None:
    """Let a function continue the trace of the request that invokes it."""

    @wrap(lambda_svc, "_xray_trace_id_for_invocation")
    def trace_header(native: Wrapper, *args: Any) -> Any:
        request = CURRENT.get()
        if request is None or request.invocation is None:
            return native(*args)
        segment = request.invocation.function
        return f"Root={segment.trace_id};Parent={segment.id};Sampled=1"


def record_invocation(invocation: Invocation) -> None:
    """Record the two segments that Lambda sends for each invocation."""
    _TRACES.add(invocation.service.document)
    _TRACES.add(invocation.function.document)


def record_request(request: ApiRequest, _answer: Answer) -> None:
    """Record the segment that API Gateway sends for each request."""
    request.segment.name = f"{request.api_name}/{request.stage}"
    if request.invocation:
        request.segment.calls.append(request.invocation.call)
    _TRACES.add(request.segment.document)
