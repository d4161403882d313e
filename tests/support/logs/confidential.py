"""What callers sent and were given that no log line may repeat."""

import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

MOST = 50_000
"""Values that are kept, the newest: some megabytes of memory."""
LONGEST = 100
"""Characters that are kept of a value: what repeats it repeats its beginning."""
SHORTEST = 12
"""Fewer characters may be in a line by chance, unless they are a URI's."""

_URIS = ("s3://", "https://")
_PUBLIC = frozenset({"pipeline", "status"})
"""Fields of a body that lines may tell."""

_ID = "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
# Request ids, job ids, trace ids, times, and what Lambda says of every invocation.
_HARMLESS = re.compile(
    rf"{_ID}|1-[0-9a-f]{{8}}-[0-9a-f]{{24}}|[0-9T:.+-]{{29}}"
    rf"|(START|END|REPORT) RequestId: {_ID}[\w\s:.$]*"
)


@dataclass
class Confidential:
    """Values of bodies, keys, credentials, and cursors, whether issued, returned or forged."""

    _values: dict[str, None] = field(default_factory=dict)

    def add(self, values: Iterable[str]) -> None:
        """Remember values, but not those that are too short to be recognised."""
        for value in values:
            if len(value) >= SHORTEST or value.startswith(_URIS):
                self._values[value[:LONGEST]] = None
        while len(self._values) > MOST:
            del self._values[next(iter(self._values))]

    def sent(self, path: str, body: object, headers: Mapping[str, str]) -> None:
        """Remember what a request says in confidence."""
        if isinstance(body, bytes):
            body = body.decode(errors="replace")
        if isinstance(body, str):
            try:
                body = json.loads(body)
            except (ValueError, RecursionError):
                self.add([str(body)])
        self.add(_texts(body, without=_PUBLIC))
        self.add(parse_qs(urlsplit(path).query).get("cursor", []))
        secrets = {"x-api-key", "authorization", "x-amz-security-token"}
        self.add(value for name, value in headers.items() if name.lower() in secrets)

    def received(self, text: str) -> None:
        """Remember what an answer says in confidence."""
        if '"next_cursor"' in text:
            self.add([json.loads(text)["next_cursor"]])

    def found_in(self, lines: Iterable[str]) -> dict[str, str]:
        """The values that ``lines`` repeat, each with a text that does."""
        # Most lines say what others have said, so each text is searched only once.
        texts = {text for line in lines for text in _said(line)}
        said = "\n".join(texts)
        found = [value for value in self._values if value in said]
        return {value: next(text for text in texts if value in text) for value in found}


def _said(line: str) -> Iterator[str]:
    try:
        texts = _texts(json.loads(line))
    except ValueError:
        texts = iter([line])
    return (text for text in texts if not _HARMLESS.fullmatch(text))


def _texts(value: Any, without: Collection[str] = ()) -> Iterator[str]:
    """All texts in a JSON value, however deep; names too."""
    inside = [value]
    while inside:
        match inside.pop():
            case str(text):
                yield text
            case dict(items):
                inside += items.keys()
                inside += [item for name, item in items.items() if name not in without]
            case list(items):
                inside += items
