"""Whether answers are what the OpenAPI document says that they are."""

import json
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator

from infra.spec.stages import Authorization
from tests.support.http.answer import Answer
from tools.openapi.__main__ import FILES


def assert_documented(
    method: str, resource: str, answer: Answer, authorization: Authorization = "api-key"
) -> None:
    """Fail unless the document tells all of an answer: its status, its headers, each field.

    Args:
        method: The HTTP method.
        resource: The path with its parameters by name; one that is in no document is no concern.
        answer: The answer.
        authorization: How callers prove who they are to the API that gave it.
    """
    document = _document(authorization)
    operation = document["paths"].get(resource, {}).get(method.lower())
    if operation is None:
        return
    assert str(answer.status) in operation["responses"], answer
    response = _resolved(document, operation["responses"][str(answer.status)])
    for name, reference in response["headers"].items():
        header = _resolved(document, reference)
        assert name in answer.headers or not header.get("required"), (name, answer)
    if "content" not in response:
        assert answer.text == ""
        return
    media = response["content"][answer.headers["Content-Type"]]
    _validator(authorization, media["schema"]["$ref"]).validate(answer.body)


@cache
def _document(authorization: Authorization) -> dict[str, Any]:
    """The document, with schemas that allow no field which they do not describe."""
    document: dict[str, Any] = json.loads(FILES[authorization].read_text())
    for schema in document["components"]["schemas"].values():
        schema["additionalProperties"] = False
    return document


def _resolved(document: dict[str, Any], part: dict[str, Any]) -> dict[str, Any]:
    found: Any = part
    while "$ref" in found:
        names = found["$ref"].removeprefix("#/").split("/")
        found = document
        for name in names:
            found = found[name]
    resolved: dict[str, Any] = found
    return resolved


@cache
def _validator(authorization: Authorization, reference: str) -> Draft202012Validator:
    return Draft202012Validator(
        {"$ref": reference, "components": _document(authorization)["components"]},
        format_checker=Draft202012Validator.FORMAT_CHECKER,
    )
