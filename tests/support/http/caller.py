"""A caller that sends requests to the deployed API."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import urllib3

from common.contract import JSON, MERGE_PATCH
from common.entities import ENTITIES
from infra.spec.stages import Authorization
from tests.support.http.openapi_conformance import assert_documented
from tests.support.http.response import HttpResponse
from tests.support.logs.confidential import Confidential
from tests.support.waiting import TIMEOUT_SECONDS

CONFIDENTIAL = Confidential()
"""The values of all callers that the service must not log."""

_CONNECTIONS = urllib3.PoolManager(maxsize=16, retries=False, timeout=TIMEOUT_SECONDS)

RequestAuth = Callable[[str, str, Mapping[str, str], str | bytes | None], Mapping[str, str]]
"""Maps a request's method, URL, headers and body to headers that include its credentials."""


def bearer_auth(token: str) -> RequestAuth:
    """Return a request auth that sends an access token."""

    def auth(_method: str, _url: str, headers: Mapping[str, str], _body: object) -> dict[str, str]:
        return {**headers, "Authorization": f"Bearer {token}"}

    return auth


@dataclass(frozen=True)
class Caller:
    """Sends requests to the API over HTTP, and checks each response against OpenAPI."""

    api_url: str
    """The API's base URL."""

    api_key: str | None
    """The key to send; None to send no key."""

    authorization: Authorization = "api-key"
    """The API's authorization."""

    auth: RequestAuth | None = None
    """Adds the caller's credentials to a request; None to send none."""

    def __call__(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        headers: Mapping[str, str] | None = None,
    ) -> HttpResponse:
        """Send a request, and return the response.

        Args:
            method: The HTTP method; it decides on the Content-Type, unless ``headers`` do.
            path: Path and query below the base URL.
            body: Text or bytes to send as they are, or an object to send as JSON; None for no
                body.
            headers: More headers.
        """
        all_headers: dict[str, str] = {}
        if self.api_key is not None:
            all_headers["x-api-key"] = self.api_key
        if body is not None:
            all_headers["Content-Type"] = MERGE_PATCH if method == "PATCH" else JSON
        all_headers |= headers or {}
        url = f"{self.api_url}{path}"
        text = body if body is None or isinstance(body, str | bytes) else json.dumps(body)
        if self.auth:
            all_headers = dict(self.auth(method, url, all_headers, text))
        CONFIDENTIAL.add_request(path or self.api_url, body, all_headers)
        raw = _CONNECTIONS.request(method, url, body=text, headers=all_headers)
        response = HttpResponse(raw.status, raw.headers, raw.data.decode())
        CONFIDENTIAL.add_response(response.text)
        assert_documented(method, _resource(path), response, self.authorization)
        return response


def _resource(path: str) -> str:
    """Return the path of a resource, with its parameters by name."""
    parts = path.partition("?")[0].split("/")
    for entity in ENTITIES:
        if len(parts) == len(entity.item_path.split("/")) and parts[1] == entity.collection:
            return entity.item_path
    return "/".join(parts)
