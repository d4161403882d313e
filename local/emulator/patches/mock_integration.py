"""Mock integrations: evaluate the response's mapping template.

https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-mapping-template-reference.html
"""

from collections.abc import Mapping
from typing import Any

import airspeed
from ministack.services import apigateway_v1

from local.emulator.patches.api_request import Answer, ApiRequest, current_request
from local.emulator.patches.wrapping import Wrapper, wrap


class _Headers:
    """The request's headers for a template; a missing header is an empty string."""

    def __init__(self, request: ApiRequest) -> None:
        self._request = request

    def get(self, name: str) -> str:
        return self._request.header(name)


def evaluate_templates() -> None:
    """Evaluate the template of a mock integration's response. The emulator sends it unchanged.

    In this template, a preflight response chooses the origin to allow.
    """

    @wrap(apigateway_v1, "_invoke_mock_v1")
    def invoke_mock(native: Wrapper, integration: Mapping[str, Any]) -> Answer:
        status, headers, template = native(integration)
        request_headers = _Headers(current_request())
        override: dict[str, Any] = {"header": {}}
        body = airspeed.Template(template.decode()).merge(
            {
                "input": {"params": lambda: {"header": request_headers}},
                "context": {"responseOverride": override},
            }
        )
        status = override.get("status", status)
        return status, {**headers, **override["header"]}, body.strip().encode()
