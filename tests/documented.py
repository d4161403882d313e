"""Whether answers are what the OpenAPI document says that they are."""

import json
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator

from infra.openapi.__main__ import FILE
from tests.answer import Answer


def assert_documented(method: str, resource: str, answer: Answer) -> None:
    """Fail unless the document tells all of an answer: its status, its headers, each field.

    Args:
        method: The HTTP method.
        resource: The path with its parameters by name; one that is in no document is no concern.
        answer: The answer.
    """
    operation = _document()["paths"].get(resource, {}).get(method.lower())
    if operation is None:
        return
    assert str(answer.status) in operation["responses"], answer
    response = _resolved(operation["responses"][str(answer.status)])
    for name, reference in response["headers"].items():
        header = _resolved(reference)
        assert name in answer.headers or not header.get("required"), (name, answer)
    if "content" not in response:
        assert answer.text == ""
        return
    media = response["content"][answer.headers["Content-Type"]]
    _validator(media["schema"]["$ref"]).validate(answer.body)


@cache
def _document() -> dict[str, Any]:
    """The document, with schemas that allow no field which they do not describe."""
    document: dict[str, Any] = json.loads(FILE.read_text())
    for schema in document["components"]["schemas"].values():
        schema["additionalProperties"] = False
    return document


def _resolved(part: dict[str, Any]) -> dict[str, Any]:
    found: Any = part
    while "$ref" in found:
        names = found["$ref"].removeprefix("#/").split("/")
        found = _document()
        for name in names:
            found = found[name]
    resolved: dict[str, Any] = found
    return resolved


@cache
def _validator(reference: str) -> Draft202012Validator:
    return Draft202012Validator(
        {"$ref": reference, "components": _document()["components"]},
        format_checker=Draft202012Validator.FORMAT_CHECKER,
    )
