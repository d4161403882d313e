"""Bodies that contain a mark, to search the logs for it."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from jsonschema import Draft4Validator

from tests.support.logs.confidential import PUBLIC


def marked(body: Mapping[str, Any], mark: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``body`` with a mark in each place where it stays valid under ``schema``.

    The mark is appended to confidential texts, and added to objects as the name of a new field.
    """
    result: dict[str, Any] = json.loads(json.dumps(body))
    is_valid = Draft4Validator(schema).is_valid
    for part in [*_objects(result)]:
        for name, value in [*part.items()]:
            if isinstance(value, str) and name not in PUBLIC:
                part[name] = value + mark
                if not is_valid(result):
                    part[name] = value
        part[mark] = [{"deep": mark}]
        if not is_valid(result):
            del part[mark]
    return result


def _objects(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        value = [*value.values()]
    if isinstance(value, list):
        for each in value:
            yield from _objects(each)
