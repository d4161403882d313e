"""X-Ray traces of the requests that API Gateway samples.

Other requests are not recorded and cost next to nothing. The SDK on its own would build subsegments
for them too, and throw them away.
"""

import functools
import os
from collections.abc import Callable
from importlib import import_module
from traceback import clear_frames
from typing import Any

import botocore.client
import botocore.endpoint
from aws_lambda_powertools import Tracer
from aws_xray_sdk.core import xray_recorder
from aws_xray_sdk.core.models.trace_header import TraceHeader

from common.logs.error_texts import text_of

# X-Ray's SDK parses the same trace header some fifteen times in a request.
TraceHeader.from_header_str = functools.lru_cache(maxsize=1)(TraceHeader.from_header_str)
_tracer = Tracer(patch_modules=("botocore",))


def sampled() -> bool:
    """Return whether the request is traced. The caller of this function has decided that.

    https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader
    """
    return "Sampled=1" in os.environ.get("_X_AMZN_TRACE_ID", "")


def capture(handler: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap a Lambda handler in a subsegment, for sampled requests."""
    traced = _tracer.capture_lambda_handler(handler, capture_response=False)

    def choose(event: Any, context: Any) -> Any:
        return (traced if sampled() else handler)(event, context)

    return choose


_MAX_ANNOTATION = 1_000
"""X-Ray refuses longer texts, with all other values of the segment:
https://docs.aws.amazon.com/xray/latest/devguide/xray-api-segmentdocuments.html"""


def annotate(**values: str | None) -> None:
    """Annotate the request's trace, so that X-Ray finds it by ``values``; None is left out."""
    # The tracer's own method would look the subsegment up again for each value.
    subsegment = xray_recorder.current_subsegment() if sampled() else None
    if subsegment:
        for key, value in values.items():
            if value is not None:
                subsegment.put_annotation(key, value[:_MAX_ANNOTATION])


def _describe(*, subsegment: Any, **call: Any) -> None:
    _sdk_describe(subsegment=subsegment, **call)
    # Its messages are the exceptions' texts. A subsegment with an id as its cause has no exception.
    if isinstance(getattr(subsegment, "cause", None), dict):
        for recorded in subsegment.cause.get("exceptions", ()):
            recorded.message = text_of(call["exception"])
    # The SDK marks every exception as a fault, even a condition that DynamoDB rightly refuses.
    if getattr(subsegment, "error", False):
        subsegment.fault = False


# The package hides the module behind a function of the same name.
_sdk: Any = import_module("aws_xray_sdk.ext.botocore.patch")
_sdk_describe = _sdk.aws_meta_processor
_sdk.aws_meta_processor = _describe


def _only_when_sampled(owner: type, method: str) -> None:
    """Call the SDK's wrapper only for sampled requests. Outside Lambda there is no wrapper."""
    traced = vars(owner)[method]
    plain = getattr(traced, "__wrapped__", traced)

    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        if sampled():
            try:
                return traced.__get__(self, owner)(*args, **kwargs)
            except Exception as error:
                # The SDK keeps the error in a variable of a frame of its traceback. This cycle
                # would keep the request's context alive (see common.logs.lambda_extension).
                clear_frames(error.__traceback__)
                raise
        return plain(self, *args, **kwargs)

    setattr(owner, method, call)


_only_when_sampled(botocore.client.BaseClient, "_make_api_call")
_only_when_sampled(botocore.endpoint.Endpoint, "prepare_request")
