"""Check responses against the OpenAPI document."""

from functools import cache
from typing import Any

from jsonschema import Draft202012Validator

from infra.spec.stages import Authorization
from tests.support.http.response import HttpResponse
from tools.openapi.document import document as openapi_document


def assert_documented(
    method: str, resource: str, response: HttpResponse, authorization: Authorization = "api-key"
) -> None:
    """Check that the document describes a response's status, headers and every field.

    Args:
        method: The HTTP method.
        resource: The path with its parameters by name. A path that the document lacks passes.
        response: The response.
        authorization: The authorization of the API that sent the response.

    Raises:
        AssertionError: The document lacks the status, or a required header is missing.
        jsonschema.ValidationError: The body does not match its schema.
    """
    document = _document(authorization)
    operation = document["paths"].get(resource, {}).get(method.lower())
    if operation is None:
        return
    assert str(response.status) in operation["responses"], response
    documented = _resolve(document, operation["responses"][str(response.status)])
    for name, reference in documented["headers"].items():
        header = _resolve(document, reference)
        assert name in response.headers or not header.get("required"), (name, response)
    if "content" not in documented:
        assert response.text == ""
        return
    media = documented["content"][response.headers["Content-Type"]]
    _validator(authorization, media["schema"]["$ref"]).validate(response.body)


@cache
def _document(authorization: Authorization) -> dict[str, Any]:
    """Create the document, with schemas that allow no undocumented field."""
    document = openapi_document(authorization)
    for schema in document["components"]["schemas"].values():
        schema["additionalProperties"] = False
    return document


def _resolve(document: dict[str, Any], part: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in part:
        names = part["$ref"].removeprefix("#/").split("/")
        part = document
        for name in names:
            part = part[name]
    return part


@cache
def _validator(authorization: Authorization, reference: str) -> Draft202012Validator:
    return Draft202012Validator(
        {"$ref": reference, "components": _document(authorization)["components"]},
        format_checker=Draft202012Validator.FORMAT_CHECKER,
    )
