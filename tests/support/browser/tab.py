"""A browser tab whose scripts call the API."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from playwright.sync_api import ConsoleMessage, Page

from common.contract import JSON, MERGE_PATCH
from tests.support.http.response import HttpResponse

_FETCH = """
async ({url, ...request}) => {
  try {
    const response = await fetch(url, request);
    const headers = Object.fromEntries(response.headers);
    return {status: response.status, headers, text: await response.text()};
  } catch (error) {
    return null;
  }
}
"""


class Blocked(Exception):
    """The browser hides the response from the page, or does not send the request."""


@dataclass
class Tab:
    """A page that calls the API with ``fetch``."""

    page: Page

    api_url: str
    """The API's base URL."""

    api_key: str | None
    """The key to send; None to send no key."""

    _console: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("console", self._record)

    def _record(self, message: ConsoleMessage) -> None:
        self._console.append(message.text)

    def __call__(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        headers: Mapping[str, str] | None = None,
        cache: str = "default",
    ) -> HttpResponse:
        """Send a request, and return the part of the response that the page can read.

        Args:
            method: The HTTP method; it decides on the Content-Type, unless ``headers`` do.
            path: Path and query below the base URL.
            body: Text to send as it is, or an object to send as JSON; None for no body.
            headers: More headers.
            cache: The mode of the browser's cache, in the words of ``fetch``.

        Raises:
            Blocked: CORS hides the response from the page.
        """
        own_headers: dict[str, str] = {}
        if self.api_key is not None:
            own_headers["X-Api-Key"] = self.api_key
        if body is not None:
            own_headers["Content-Type"] = MERGE_PATCH if method == "PATCH" else JSON
        request = {
            "url": f"{self.api_url}{path}",
            "method": method,
            "cache": cache,
            "headers": {**own_headers, **(headers or {})},
            "body": body if body is None or isinstance(body, str) else json.dumps(body),
        }
        self._console.clear()
        response = self.page.evaluate(_FETCH, request)
        if response is None:
            reasons = [line for line in self._console if "blocked by CORS policy" in line]
            assert reasons, f"{method} {path} failed, but not because of CORS: {self._console}"
            raise Blocked(*reasons)
        return HttpResponse(**response)
