"""The OpenAPI document is valid, up to date and complete."""

import re
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from common.contract import REQUEST_HEADERS, RESPONSE_HEADERS
from common.entities import ENTITIES
from infra.api.gateway_problems import GatewayProblem, gateway_problems
from infra.spec.keywords import ALIKE, of_openapi, subschemas
from infra.spec.routes import ROUTES, Route
from infra.spec.stages import AUTHORIZATIONS, Authorization
from tools.openapi import document as openapi
from tools.openapi.__main__ import FILE, text

Document = dict[str, Any]

each_route = pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.operation)


@pytest.fixture(params=AUTHORIZATIONS)
def authorization(request: pytest.FixtureRequest) -> Authorization:
    """An API's authorization, each in turn."""
    authorization: Authorization = request.param
    return authorization


@pytest.fixture
def document(authorization: Authorization) -> Document:
    """The document of stages with the authorization."""
    return openapi.document(authorization)


@pytest.fixture
def problems(authorization: Authorization) -> tuple[GatewayProblem, ...]:
    """The problems that the API answers without calling a function."""
    return gateway_problems(authorization)


def operation(document: Document, route: Route) -> dict[str, Any]:
    operation: dict[str, Any] = document["paths"][route.path][route.method.lower()]
    return operation


def resolved(document: Document, part: dict[str, Any]) -> dict[str, Any]:
    """Return a part of the document with its references followed."""
    if "$ref" not in part:
        return part
    target: Any = document
    for name in part["$ref"].removeprefix("#/").split("/"):
        target = target[name]
    return resolved(document, target)


def everything(part: Any) -> Iterator[dict[str, Any]]:
    """Yield every object in a part of the document."""
    if isinstance(part, dict):
        yield part
    for inner in (
        part.values() if isinstance(part, dict) else part if isinstance(part, list) else ()
    ):
        yield from everything(inner)


def test_the_committed_document_is_up_to_date() -> None:
    assert FILE.read_text() == text(), "run `make openapi`"


def test_an_answer_to_a_retry_comes_after_the_usual_one(document: Document) -> None:
    for entity in ENTITIES:
        statuses = [*document["paths"][entity.path]["post"]["responses"]]
        assert statuses[:3] == ["201", "200", "400"]
        statuses = [*document["paths"][entity.item_path]["get"]["responses"]]
        assert statuses[:3] == ["200", "304", "400"]


def test_the_document_is_valid(document: Document) -> None:
    validate(document)


@each_route
def test_a_route_describes_its_parameters_and_bodies(route: Route, document: Document) -> None:
    described = operation(document, route)
    assert {(each["in"], each["name"]) for each in described["parameters"]} == {
        *(("path", name) for name in route.path_parameters),
        *(("query", name) for name in route.query),
        *(("header", name) for name in route.headers),
    }
    assert {
        media: resolved(document, body["schema"])["title"]
        for media, body in described.get("requestBody", {}).get("content", {}).items()
    } == route.body


@each_route
def test_a_route_documents_every_problem_that_the_api_answers_for_it(
    route: Route, document: Document, problems: tuple[GatewayProblem, ...]
) -> None:
    of_no_route = {HTTPStatus.NOT_FOUND}
    of_bodies = {HTTPStatus.REQUEST_ENTITY_TOO_LARGE, HTTPStatus.UNSUPPORTED_MEDIA_TYPE}
    statuses = {problem.kind.status for problem in problems} - of_no_route
    if not route.body:
        statuses -= of_bodies
    assert {str(status.value) for status in statuses} <= operation(document, route)[
        "responses"
    ].keys()


def test_an_answer_with_retry_after_says_so(
    document: Document, problems: tuple[GatewayProblem, ...]
) -> None:
    documented = {
        resolved(document, response)["content"]["application/problem+json"]["example"]["status"]
        for response in document["components"]["responses"].values()
        if "Retry-After" in response["headers"]
    }
    assert documented == {problem.kind.status for problem in problems if problem.retry_after}


def test_every_header_that_a_browser_may_use_is_described(document: Document) -> None:
    assert set(RESPONSE_HEADERS) <= document["components"]["headers"].keys()
    parameters = {
        each["name"] for route in ROUTES for each in operation(document, route)["parameters"]
    }
    by_other_means = {"Authorization", "Content-Type", "X-Api-Key"}
    assert set(REQUEST_HEADERS) - by_other_means <= parameters


def test_every_part_that_is_described_is_used(document: Document) -> None:
    used = {part["$ref"] for part in everything(document) if "$ref" in part}
    for kind in ("schemas", "responses", "headers"):
        for name in document["components"][kind]:
            assert f"#/components/{kind}/{name}" in used


def test_every_example_conforms_to_its_schema(document: Document) -> None:
    registry: Registry[Any] = Registry().with_resource(
        "urn:document", DRAFT202012.create_resource(document)
    )
    validated = 0
    for media in everything(document):
        if "schema" not in media or "$ref" not in media["schema"]:
            continue
        validator = Draft202012Validator(
            {"$ref": f"urn:document{media['schema']['$ref']}"},
            registry=registry,
            format_checker=Draft202012Validator.FORMAT_CHECKER,
        )
        examples = [each["value"] for each in media.get("examples", {}).values()]
        for example in [*examples, *([media["example"]] if "example" in media else [])]:
            validator.validate(example)
            validated += 1
    assert validated > 20


def test_the_schemas_mean_the_same_in_both_dialects(document: Document) -> None:
    # Draft 4 for API Gateway's models and 2020-12 for OpenAPI; they differ in other keywords.
    # The check of the declarations refuses these in fields; exclusive bounds are converted.
    alike = {*ALIKE, "$ref", "exclusiveMinimum", "exclusiveMaximum"}
    for schema in document["components"]["schemas"].values():
        for part in _subschemas(schema):
            assert part.keys() <= alike
            for bound in ("exclusiveMinimum", "exclusiveMaximum"):
                assert not isinstance(part.get(bound), bool)


def _subschemas(schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield schema
    for _, inner in subschemas(schema):
        yield from _subschemas(inner)


def test_an_exclusive_bound_is_a_number_in_openapi() -> None:
    price = {"type": "number", "minimum": 0, "exclusiveMinimum": True, "maximum": 9}
    schema = {
        "$schema": "http://json-schema.org/draft-04/schema#",
        "properties": {"prices": {"items": {"anyOf": [price, {"type": "null"}]}}},
    }
    converted = of_openapi({**schema, "exclusiveMaximum": False, "maximum": 5})

    expected = {"type": "number", "exclusiveMinimum": 0, "maximum": 9}
    assert converted == {
        "properties": {"prices": {"items": {"anyOf": [expected, {"type": "null"}]}}},
        "maximum": 5,
    }


@each_route
def test_a_generated_client_has_a_good_name_for_every_route(route: Route) -> None:
    assert re.fullmatch("[a-z]+([A-Z][a-z]+)*", route.operation)
    assert [each.operation for each in ROUTES].count(route.operation) == 1


SCHEMES: dict[Authorization, set[frozenset[str]]] = {
    "api-key": {frozenset({"ApiKey"})},
    "cognito": {frozenset({"ApiKey", "SignIn"}), frozenset({"ApiKey", "AccessToken"})},
    "iam": {frozenset({"ApiKey", "Signature"})},
}


@each_route
def test_a_route_requires_the_schemes_of_its_authorization(
    route: Route, document: Document, authorization: Authorization
) -> None:
    required = operation(document, route)["security"]
    assert {frozenset(each) for each in required} == SCHEMES[authorization]
    assert set().union(*required) == document["components"]["securitySchemes"].keys()
    if authorization == "cognito":
        scope = f"{route.entity.collection}/{'read' if route.method == 'GET' else 'write'}"
        assert [each.get("SignIn") or each["AccessToken"] for each in required] == [[scope]] * 2


def test_people_and_machines_can_get_every_scope() -> None:
    document = openapi.document("cognito")
    flows = document["components"]["securitySchemes"]["SignIn"]["flows"]
    assert flows.keys() == {"authorizationCode", "clientCredentials"}
    for flow in flows.values():
        assert flow["scopes"].keys() == {route.scope for route in ROUTES}
