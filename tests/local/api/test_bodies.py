"""Bodies that break a rule of their schema, and bodies of answers, on the deployed API."""

from collections.abc import Iterator
from http import HTTPStatus
from typing import Any, NamedTuple

import pytest
from jsonschema import Draft4Validator

from common.contract import PROBLEM
from infra.spec.routes import ROUTES, Route
from infra.spec.schemas import read_schema
from tests.support.deployment.service import Service
from tests.support.http.caller import Caller
from tests.support.http.response import HttpResponse
from tests.support.http.response_models import response_models

NO_JOB = "/jobs/0b5f3c1e-0000-4000-8000-000000000000"

VALID: dict[str, dict[str, Any]] = {
    "job-create": {"pipeline": "bodies", "input_uri": "s3://in/1", "parameters": {}},
    "job-replace": {"status": "RUNNING"},
    "job-patch": {"status": "RUNNING"},
}
"""A valid body of each schema."""

UNTYPED: dict[str, Any] = {"string": 1, "integer": "1", "object": []}
"""A value of another type than the one that a schema asks for."""


class Violation(NamedTuple):
    """A body that breaks one rule of its schema."""

    rule: str
    pointer: str
    """The pointer of the part that breaks the rule."""
    body: Any


def violations(name: str) -> Iterator[Violation]:
    """Yield a body for each rule of a schema."""
    yield from _violations(read_schema(name), "", lambda value: value, VALID[name])


def _violations(schema: dict[str, Any], pointer: str, put: Any, valid: Any) -> Iterator[Violation]:
    """Yield a violation for each rule of ``schema``.

    Args:
        schema: The schema of a part of the body.
        pointer: The pointer of that part.
        put: Returns the body with a value in place of that part.
        valid: A valid value of that part, if it is an object.
    """
    types = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    for rule, limit in schema.items():
        match rule:
            case "type":
                yield Violation(rule, pointer, put(UNTYPED[types[0]]))
            case "additionalProperties":
                yield Violation(rule, f"{pointer}/colour", put({**valid, "colour": "red"}))
            case "required":
                for name in limit:
                    rest = {key: value for key, value in valid.items() if key != name}
                    yield Violation(rule, f"{pointer}/{name}", put(rest))
            case "minProperties":
                yield Violation(rule, pointer, put({}))
            case "pattern":
                yield Violation(rule, pointer, put("no match!"))
            case "maxLength":
                yield Violation(rule, pointer, put("s3://".ljust(limit + 1, "x")))
            case "minLength":
                yield Violation(rule, pointer, put(""))
            case "minimum":
                yield Violation(rule, pointer, put(limit - 1))
            case "maximum":
                yield Violation(rule, pointer, put(limit + 1))
            case "enum":
                yield Violation(rule, pointer, put("LOST"))
            case "properties":
                for name, inner in limit.items():
                    yield from _violations(
                        inner,
                        f"{pointer}/{name}",
                        lambda value, name=name: put({**valid, name: value}),
                        {"code": "E1", "message": "no"} if name == "error" else {},
                    )
            case _:
                assert rule in {"$schema", "title", "description"}, f"{rule}: add a violation"


@pytest.mark.parametrize(
    ("route", "violation"),
    [
        pytest.param(route, violation, id=f"{route.operation} {violation.pointer} {violation.rule}")
        for route in ROUTES
        for schema in route.body.values()
        for violation in violations(schema)
    ],
)
def test_a_body_that_breaks_a_rule_of_its_schema_gets_the_pointer(
    route: Route, violation: Violation, call: Caller
) -> None:
    response = call(route.method, route.path.replace("/jobs/{job_id}", NO_JOB), violation.body)
    assert response.status == HTTPStatus.BAD_REQUEST, response.text
    assert response.headers["Content-Type"] == PROBLEM
    pointers = {error["pointer"] for error in response.body["errors"]}
    assert pointers == {violation.pointer}
    assert not {"red", "no match!", "LOST"} & set(response.text.split('"')), "a value is repeated"


def test_the_answers_of_each_route_are_valid_under_its_response_models(
    service: Service, call: Caller
) -> None:
    models = response_models(service)
    statuses: dict[tuple[str, str], set[int]] = {}

    def check(method: str, path: str, response: HttpResponse) -> HttpResponse:
        route = (method, "/jobs/{job_id}" if path.startswith("/jobs/") else "/jobs")
        media, schema = models[route][response.status]
        if schema.get("properties"):
            assert response.headers["Content-Type"] == media
            Draft4Validator(schema).validate(response.body)
        else:
            assert response.text == ""
        statuses.setdefault(route, set()).add(response.status)
        return response

    def send(
        method: str, path: str, body: Any = None, caller: Caller = call, **headers: str
    ) -> Any:
        response = caller(
            method, path, body, headers={k.replace("_", "-"): v for k, v in headers.items()}
        )
        return check(method, path, response)

    keyless = Caller(service.api_url, None)
    valid = VALID["job-create"]
    path = f"/jobs/{send('POST', '/jobs', valid, Idempotency_Key='models').body['job_id']}"
    send("POST", "/jobs", valid, Idempotency_Key="models")
    send("POST", "/jobs", {**valid, "parameters": {"a": 1}}, Idempotency_Key="models")
    for method, where in (("POST", "/jobs"), ("PUT", path), ("PATCH", path)):
        send(method, where, {"colour": "red"})
        send(method, where, " " * 40_000)
        send(method, where, "{}", Content_Type="text/plain")
    send("POST", "/jobs", {**valid, "parameters": {"a": "x" * 20_000}})
    send("GET", "/jobs?limit=1")
    send("GET", "/jobs?limit=x")
    send("GET", path)
    send("PUT", path, {"status": "RUNNING"}, If_Match='"7"')
    send("PATCH", path, {"status": "RUNNING"}, If_Match='"7"')
    send("DELETE", path, If_Match='"7"')
    send("PATCH", path, {"status": "RUNNING"})
    send("PUT", path, {"status": "RUNNING", "progress": 7})
    send("DELETE", path)
    send("PATCH", path, {"status": "FAILED"})
    send("PUT", path, {"status": "FAILED"})
    send("PATCH", path, {"status": "FAILED", "error": {"code": "E1", "message": "no"}})
    send("PATCH", path, {"progress": 1})
    send("PUT", path, {"status": "SUCCEEDED"})
    send("DELETE", path, If_Match="broken")
    send("GET", path)
    send("DELETE", path)
    for method in ("GET", "DELETE"):
        send(method, path)
    send("PUT", path, {"status": "RUNNING"})
    send("PATCH", path, {"status": "RUNNING"})
    for route in ROUTES:
        send(route.method, route.path.replace("/jobs/{job_id}", path), caller=keyless)

    for route in ROUTES:
        expected = {*route.answers, *(kind.status for kind in route.problems), HTTPStatus.FORBIDDEN}
        assert statuses[route.method, route.path] >= expected, route.operation
