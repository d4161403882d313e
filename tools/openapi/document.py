"""The OpenAPI document (https://spec.openapis.org/oas/v3.1.0), from routes and schemas.

The schemas of version 3.1 are JSON Schemas, so those of API Gateway's models and the functions'
validators are included, with exclusive bounds in the newer dialect. Version 3.0 has no null type,
and would need other schemas. Viewers, fuzzers and client generators read both.
"""

import tomllib
from collections.abc import Iterable
from copy import deepcopy
from itertools import groupby
from operator import attrgetter
from typing import Any

from common.contract import MAX_BODY_BYTES
from common.crud.entity import Entity
from common.entities import ENTITIES
from infra.spec import keywords
from infra.spec.paths import PROJECT
from infra.spec.routes import ROUTES, Route
from infra.spec.schemas import PROBLEM_SCHEMA, schemas, summary_title
from infra.spec.service import REGION, SERVICE_SUMMARY, SERVICE_TITLE
from infra.spec.stages import STAGES, Authorization
from tools.openapi import security
from tools.openapi.examples import examples
from tools.openapi.parameters import HEADERS, parameters
from tools.openapi.responses import answers, component, problem_cases, problem_response

_PATH = attrgetter("path")

_DESCRIPTION = f"""\
{{lives}}

**Concurrent changes.** Send an item's ETag in If-Match: if another caller has changed the item
since, the answer is 412 and the item stays as it is.

**Retries.** After 429, 503 or 504, wait for the seconds in Retry-After. To be sure that a request
takes effect only once, repeat a POST with the same Idempotency-Key and a change with If-Match: if
the first attempt took effect, the change is refused with 412.

**Numbers** keep their exact value: at most 38 significant digits, from 1E-130 to below 1E+126.
Within arrays and objects, they come back as they were written, up to the range of an IEEE 754
double.

**Errors** are problem documents (RFC 9457), and change nothing unless they say so.

**Limits.** A body has at most {MAX_BODY_BYTES // 1024} KiB. Each API key has a rate limit and a
daily quota.
"""


def _life(entity: Entity) -> str:
    """Describe the life of an item."""
    name = f"{entity.article.capitalize()} {entity.noun}"
    moves = "; ".join(
        f"{before} → {', '.join(sorted(str(status) for status in after - {before}))}"
        for before, after in entity.transitions.items()
        if after - {before}
    )
    kept = sorted(str(status) for status in frozenset(entity.transitions) - entity.deletable)
    sentences = [
        f"**{name}'s life.** {name} begins as {entity.statuses[0]}. {moves}.",
        *([f"{name} that is {' or '.join(kept)} cannot be deleted."] if kept else []),
        *(
            [f"Some time after it is {_any_of(entity.expires_in)}, {name.lower()} is deleted."]
            if entity.expires_in
            else []
        ),
    ]
    return "\n".join(sentences)


def _any_of(statuses: Iterable[str]) -> str:
    *others, last = sorted(map(str, statuses))
    return f"{', '.join(others)} or {last}" if others else last


def document(authorization: Authorization = "api-key") -> dict[str, Any]:
    """Create the document of stages with this authorization, ready to be written as JSON."""
    contents = {
        "openapi": "3.1.0",
        "info": {
            "title": SERVICE_TITLE,
            "version": _version(),
            "summary": SERVICE_SUMMARY,
            "description": _DESCRIPTION.format(lives="\n\n".join(map(_life, ENTITIES))),
        },
        "servers": [_SERVER],
        "tags": [{"name": tag} for tag in dict.fromkeys(map(_tag, ROUTES))],
        "paths": {
            path: {route.method.lower(): _operation(route, authorization) for route in routes}
            for path, routes in groupby(sorted(ROUTES, key=_PATH), _PATH)
        },
        "components": {
            "securitySchemes": security.schemes(authorization),
            "schemas": _schemas(),
            "responses": {
                component(case.kind.status): problem_response(case, _media(PROBLEM_SCHEMA))
                for case in problem_cases(authorization)
            },
            "headers": HEADERS,
        },
    }
    # Callers change their copy; the parts are constants.
    return deepcopy(contents)


_SERVER = {
    "url": f"https://{{api}}.execute-api.{REGION}.amazonaws.com/{{stage}}",
    "description": "A stage on AWS; the output ApiUrl of its stack is this URL",
    "variables": {
        "api": {"default": "a1b2c3d4e5", "description": "The id of the REST API"},
        "stage": {"enum": [*STAGES], "default": "dev"},
    },
}


def _version() -> str:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
    return str(project["version"])


def _tag(route: Route) -> str:
    return route.path.split("/")[1]


def _operation(route: Route, authorization: Authorization) -> dict[str, Any]:
    body = {media: _media(schema) for media, schema in route.body.items()}
    return {
        "operationId": route.operation,
        "summary": route.summary,
        "tags": [_tag(route)],
        "security": security.required(route, authorization),
        "parameters": [
            *(_parameter(route, name, "path", required=True) for name in route.path_parameters),
            *(_parameter(route, name, "query") for name in route.query),
            *(_parameter(route, name, "header") for name in route.headers),
        ],
        **({"requestBody": {"required": True, "content": body}} if body else {}),
        "responses": answers(
            route,
            {schema: _media(schema) for schema in route.answers.values() if schema},
            authorization,
        ),
    }


def _parameter(route: Route, name: str, where: str, *, required: bool = False) -> dict[str, Any]:
    described = parameters(route.entity).get(name, {"schema": {"type": "string"}})
    return {"name": name, "in": where, **({"required": True} if required else {}), **described}


def _media(schema: str) -> dict[str, Any]:
    values = {title: {"value": value} for title, value in examples().get(schema, {}).items()}
    return {
        "schema": {"$ref": f"#/components/schemas/{schema}"},
        **({"examples": values} if values else {}),
    }


def _schemas() -> dict[str, Any]:
    names = [
        *(schema for route in ROUTES for schema in route.answers.values() if schema),
        PROBLEM_SCHEMA,
        *(schema for route in ROUTES for schema in route.body.values()),
        *map(summary_title, ENTITIES),
    ]
    components: dict[str, Any] = {}
    for schema in map(_schema, dict.fromkeys(names)):
        _collect(schema, components)
    return components


def _collect(schema: dict[str, Any], components: dict[str, Any]) -> dict[str, Any]:
    """Turn every schema with a title into a component, so that clients have one type for it.

    Returns:
        The schema's replacement: a reference to the component, or the schema if it has no title.
    """
    if "properties" in schema:
        inner = {name: _collect(each, components) for name, each in schema["properties"].items()}
        schema = {**schema, "properties": inner}
    if "items" in schema:
        schema = {**schema, "items": _collect(schema["items"], components)}
    if "title" not in schema:
        return schema
    title = schema["title"]
    components.setdefault(title, schema)
    return {"$ref": f"#/components/schemas/{title}", "description": schema["description"]}


def _schema(title: str) -> dict[str, Any]:
    return keywords.of_openapi(schemas()[title])
