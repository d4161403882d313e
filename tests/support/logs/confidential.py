"""The confidential values of requests and responses, which no log line may contain."""

import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from common.entities import ENTITIES
from infra.spec.schemas import request_schemas

MAX_VALUES = 50_000
"""The number of values kept; the oldest are dropped. They take some megabytes of memory."""
MAX_LENGTH = 100
"""The number of characters kept of a value: a line that repeats the value repeats these."""
MIN_LENGTH = 12
"""Shorter values are ignored, as a line may contain them by chance, unless they are URIs."""

_URIS = ("s3://", "https://")
PUBLIC = frozenset({"status", *(name for entity in ENTITIES for name in entity.filters)})
"""The fields of a body that may be logged."""


def _names(schema: Any) -> Iterator[str]:
    """Yield the names of fields that a schema declares, at any depth."""
    if isinstance(schema, dict):
        yield from schema.get("properties", {})
        for part in schema.values():
            yield from _names(part)


DECLARED_NAMES = frozenset(name for entity in ENTITIES for name in _names(request_schemas(entity)))
"""The names of the fields of bodies, which the logs may contain, unlike unknown names."""

_ID = "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
# The ids of requests, items and traces, times, and the lines that Lambda logs for every invocation.
_HARMLESS = re.compile(
    rf"{_ID}|1-[0-9a-f]{{8}}-[0-9a-f]{{24}}|[0-9T:.+-]{{29}}"
    rf"|(START|END|REPORT) RequestId: {_ID}[\w\s:.$]*"
)


@dataclass
class Confidential:
    """A collection of confidential values: bodies, API keys, credentials and cursors."""

    _values: dict[str, None] = field(default_factory=dict)

    def add(self, values: Iterable[str]) -> None:
        """Add values, except those that are too short to recognise."""
        for value in values:
            if len(value) >= MIN_LENGTH or value.startswith(_URIS):
                self._values[value[:MAX_LENGTH]] = None
        while len(self._values) > MAX_VALUES:
            del self._values[next(iter(self._values))]

    def add_request(self, path: str, body: object, headers: Mapping[str, str]) -> None:
        """Add the confidential values of a request."""
        if isinstance(body, bytes):
            body = body.decode(errors="replace")
        if isinstance(body, str):
            try:
                body = json.loads(body)
            except (ValueError, RecursionError):
                self.add([str(body)])
        self.add(text for text in _texts(body, without=PUBLIC) if text not in DECLARED_NAMES)
        self.add(parse_qs(urlsplit(path).query).get("cursor", []))
        secrets = {"x-api-key", "authorization", "x-amz-security-token"}
        self.add(value for name, value in headers.items() if name.lower() in secrets)

    def add_response(self, text: str) -> None:
        """Add the cursor of a response, if there is one."""
        if '"next_cursor"' in text:
            self.add([json.loads(text)["next_cursor"]])

    def found_in(self, lines: Iterable[str]) -> dict[str, str]:
        """Return the values that ``lines`` contain, each with a text that contains it."""
        # Many lines contain the same texts, so each text is searched only once.
        texts = {text for line in lines for text in _line_texts(line)}
        all_texts = "\n".join(texts)
        leaks = [value for value in self._values if value in all_texts]
        return {value: next(text for text in texts if value in text) for value in leaks}


def _line_texts(line: str) -> Iterator[str]:
    """Yield the texts of a log line that may be confidential."""
    try:
        texts = _texts(json.loads(line))
    except ValueError:
        texts = iter([line])
    return (text for text in texts if not _HARMLESS.fullmatch(text))


def _texts(value: Any, without: Collection[str] = ()) -> Iterator[str]:
    """Yield all texts in a JSON value at any depth, including the names of fields."""
    pending = [value]
    while pending:
        match pending.pop():
            case str(text):
                yield text
            case dict(items):
                pending += items.keys()
                pending += [item for name, item in items.items() if name not in without]
            case list(items):
                pending += items
