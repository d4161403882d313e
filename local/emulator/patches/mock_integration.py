"""Mock integrations: evaluate the response's mapping template.

https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-mapping-template-reference.html
"""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote_plus

import airspeed
from ministack.services import apigateway_v1

from local.emulator.patches.api_request import Answer, ApiRequest, current_request
from local.emulator.wrapping import Wrapper, wrap


class _Headers:
    """The request's headers for a template; a missing header is an empty string."""

    def __init__(self, request: ApiRequest) -> None:
        self._request = request

    def get(self, name: str) -> str:
        return self._request.header(name)


class _Text(str):
    """A string with the methods of Java's strings that the templates call."""

    def replaceAll(self, pattern: str, replacement: str) -> "_Text":  # noqa: N802
        return _Text(re.sub(pattern, re.sub(r"\$(\d)", r"\\\1", replacement), self))


def _url_encode(text: str) -> _Text:
    """Encode a text as ``$util.urlEncode`` does, which is Java's URLEncoder."""
    return _Text(quote_plus(text, safe="*").replace("~", "%7E"))


def evaluate_templates() -> None:
    """Evaluate the template of a mock integration's response. The emulator sends it unchanged.

    In this template, a preflight response chooses the origin to allow, and the answer to a missing
    route describes the request.
    """

    @wrap(apigateway_v1, "_invoke_mock_v1")
    def invoke_mock(native: Wrapper, integration: Mapping[str, Any]) -> Answer:
        status, headers, template = native(integration)
        request = current_request()
        request_headers = _Headers(request)
        context = {"path": request.path_with_stage, "requestId": request.record["request_id"]}
        override: dict[str, Any] = {"header": {}}
        body = airspeed.Template(template.decode()).merge(
            {
                "input": {"params": lambda: {"header": request_headers}},
                "context": {**context, "responseOverride": override},
                "util": {"urlEncode": _url_encode},
            }
        )
        # The emulator sends a mapping from a context variable as it is.
        headers = {
            name: context.get(value.removeprefix("context."), value)
            for name, value in headers.items()
        }
        status = override.get("status", status)
        return status, {**headers, **override["header"]}, body.strip().encode()
