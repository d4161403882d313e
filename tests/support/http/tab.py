"""A page in a browser, and what a script in it can do with the API."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from playwright.sync_api import ConsoleMessage, Page

from common.contract import JSON, MERGE_PATCH
from tests.support.http.answer import Answer

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
    """The browser has kept an answer from the page, or not even sent the request."""


@dataclass
class Tab:
    """A page that calls the API, as a script in it would.

    Args:
        page: The page.
        api_url: The API's base URL.
        api_key: The key to send; None for none.
    """

    page: Page
    api_url: str
    api_key: str | None
    _said: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("console", self._note)

    def _note(self, message: ConsoleMessage) -> None:
        self._said.append(message.text)

    def __call__(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        headers: Mapping[str, str] | None = None,
        cache: str = "default",
    ) -> Answer:
        """What the page can read of an answer.

        Args:
            method: As for :class:`tests.support.http.caller.Caller`, like the following three.
            path: Path and query below the base URL.
            body: What to send.
            headers: More headers.
            cache: The mode of the browser's cache, as ``fetch`` knows it.

        Raises:
            Blocked: It can read nothing, for reasons of CORS.
        """
        own: dict[str, str] = {}
        if self.api_key is not None:
            own["X-Api-Key"] = self.api_key
        if body is not None:
            own["Content-Type"] = MERGE_PATCH if method == "PATCH" else JSON
        request = {
            "url": f"{self.api_url}{path}",
            "method": method,
            "cache": cache,
            "headers": {**own, **(headers or {})},
            "body": body if body is None or isinstance(body, str) else json.dumps(body),
        }
        self._said.clear()
        answer = self.page.evaluate(_FETCH, request)
        if answer is None:
            reasons = [said for said in self._said if "blocked by CORS policy" in said]
            assert reasons, f"{method} {path} failed, and not for reasons of CORS: {self._said}"
            raise Blocked(*reasons)
        return Answer(**answer)
