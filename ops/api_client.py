"""A client of the API that expects the status of each answer."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import urllib3

from common.contract import JSON, MERGE_PATCH
from ops.request_auth import RequestAuth, no_auth

_TIMEOUT_SECONDS = 35.0
"""Longer than API Gateway's own timeout, so that API Gateway answers first."""

_LONGEST_EXCERPT = 500


class UnexpectedAnswer(Exception):
    """The API did not answer as it should; the message describes the answer."""

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status
        """The status of the answer, if that is what is wrong."""


@dataclass(frozen=True)
class Answer:
    """An answer of the API."""

    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def body(self) -> dict[str, Any]:
        """The parsed body; empty if it is not a JSON object."""
        try:
            body = json.loads(self.text)
        except ValueError:
            return {}
        return body if isinstance(body, dict) else {}

    @property
    def excerpt(self) -> str:
        """The beginning of the body, with the command that shows more."""
        request_id = self.headers.get("X-Request-Id") or self.body.get("request_id")
        hint = f" `ops find {request_id}` shows more." if request_id else ""
        return f"{self.text[:_LONGEST_EXCERPT]}{hint}"


class Client:
    """A client of the API.

    Args:
        url: The API's base URL, without a trailing slash.
        key: The API key.
        authenticate: Adds the credentials that the API requires besides the key.
    """

    def __init__(self, url: str, key: str, authenticate: RequestAuth = no_auth) -> None:
        self._url = url
        self._key = key
        self._authenticate = authenticate
        self._connections = urllib3.PoolManager(retries=False, timeout=_TIMEOUT_SECONDS)

    def __call__(
        self,
        method: str,
        path: str,
        expected: HTTPStatus,
        body: object = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send a request.

        Raises:
            UnexpectedAnswer: There is no answer, or its status is not ``expected``.
        """
        content_type = MERGE_PATCH if method == "PATCH" else JSON
        url = f"{self._url}{path}"
        text = None if body is None else json.dumps(body)
        all_headers = {"x-api-key": self._key, "Content-Type": content_type, **(headers or {})}
        try:
            response = self._connections.request(
                method, url, body=text, headers=self._authenticate(method, url, all_headers, text)
            )
        except urllib3.exceptions.HTTPError as error:
            raise UnexpectedAnswer(f"no answer: {error}") from error
        answer = Answer(response.status, response.headers, response.data.decode(errors="replace"))
        if answer.status != expected:
            raise UnexpectedAnswer(
                f"{answer.status} instead of {expected.value}: {answer.excerpt}", answer.status
            )
        return answer
