"""A caller of the deployed API."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import urllib3

from common.contract import JSON, MERGE_PATCH
from infra.spec.stages import Authorization
from tests.support.http.answer import Answer
from tests.support.http.documented import assert_documented
from tests.support.logs.confidential import Confidential

CONFIDENTIAL = Confidential()
"""Of all callers: what the service must not log."""

_CONNECTIONS = urllib3.PoolManager(maxsize=16, retries=False, timeout=40)

Proof = Callable[[str, str, Mapping[str, str], str | bytes | None], Mapping[str, str]]
"""Method, URL, headers and body of a request to the headers that also say who calls."""


def bearer(token: str) -> Proof:
    """Proves who calls with an access token."""

    def proof(_method: str, _url: str, headers: Mapping[str, str], _body: object) -> dict[str, str]:
        return {**headers, "Authorization": f"Bearer {token}"}

    return proof


@dataclass(frozen=True)
class Caller:
    """Calls the API over HTTP.

    Args:
        api_url: The API's base URL.
        api_key: The key to send; None for none.
        authorization: How callers prove who they are to this API.
        proof: How this one does; None for one who does not.
    """

    api_url: str
    api_key: str | None
    authorization: Authorization = "api-key"
    proof: Proof | None = None

    def __call__(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send a request.

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
        proven = self.proof(method, url, all_headers, text) if self.proof else all_headers
        CONFIDENTIAL.sent(path or self.api_url, body, proven)
        response = _CONNECTIONS.request(method, url, body=text, headers=proven)
        answer = Answer(response.status, response.headers, response.data.decode())
        CONFIDENTIAL.received(answer.text)
        assert_documented(method, _resource(path), answer, self.authorization)
        return answer


def _resource(path: str) -> str:
    path = path.partition("?")[0]
    return "/jobs/{job_id}" if path.startswith("/jobs/") else path
