"""Commands to try: a request for every route of the first entity, and some that are refused."""

import json
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import chain, islice
from typing import Any
from urllib.parse import urlencode

from common.contract import JSON, MERGE_PATCH
from common.crud.entity import Entity
from common.crud.examples import examples_of, replacement_body
from common.entities import ENTITIES
from infra.spec.service import REGION
from local import aws
from local.run_folder import Endpoint


@dataclass(frozen=True)
class Example:
    """A command for a POSIX shell. The examples depend on each other, in their order."""

    title: str
    command: str
    status: int | None = None
    """The HTTP status of the answer that the command prints; None if it prints none."""


_KEY = '-H "x-api-key: $KEY"'
_KNOWN_ETAG = '-H "If-Match: $ETAG"'
_AUTHORIZATION: Mapping[str, str] = {
    "cognito": ' -H "Authorization: Bearer $TOKEN"',
    "iam": (
        f' --aws-sigv4 "aws:amz:{REGION}:execute-api"'
        f' --user "{aws.ROOT.access_key_id}:{aws.ROOT.secret_access_key}"'
    ),
}
"""The arguments that authorize curl, by the API's authorization, if it needs more than a key."""


def curl_examples(endpoint: Endpoint) -> tuple[Example, ...]:
    """Return the examples for a deployed service."""
    authorization = endpoint.outputs["Authorization"]
    token = Example(
        "Get an access token, which is valid for an hour", "TOKEN=$(.venv/bin/ops token)"
    )
    credentials = _KEY + _AUTHORIZATION.get(authorization, "")
    return (
        Example("The URL of the service", f"API={endpoint.api_url}"),
        Example("An API key", f"KEY={endpoint.api_key}"),
        *([token] if authorization == "cognito" else []),
        *(
            replace(each, command=each.command.replace(_KEY, credentials))
            for each in (*life_of_an_item(), *chain(*map(_first_requests, ENTITIES[1:])))
        ),
    )


def _first_requests(entity: Entity) -> Iterator[Example]:
    """Yield the create and the list; whole lives of several entities would fill the screen."""
    return islice(life_of_an_item(entity), 2)


def life_of_an_item(entity: Entity = ENTITIES[0]) -> Iterator[Example]:
    """Yield the examples that take an item through its life."""
    examples = examples_of(entity)
    noun, article = entity.noun, entity.article
    variable = noun.replace(" ", "_").upper()
    item_path = f"{entity.path}/${variable}"
    item: dict[str, Any] = {"status": examples.initial, **examples.fullest}
    create = _with_body("POST", entity.path, examples.fullest)
    yield Example(f"Create {article} {noun}", create, 201)
    name = next((name for name in entity.filters if name in item), "status")
    query = urlencode({name: item[name], "limit": 5})
    listing = f"List {entity.plural} by {name.replace('_', ' ')}, newest first"
    yield Example(listing, _curl("GET", f"{entity.path}?{query}"), 200)
    yield Example(
        f"Keep the id of the newest {noun}",
        f'{variable}=$(curl -s "$API{entity.path}?limit=1" {_KEY} | sed '
        f"""'s/.*"{entity.id_field}":"\\([^"]*\\)".*/\\1/')""",
    )
    yield Example(f"Read the {noun}", _curl("GET", item_path), 200)
    yield Example(
        "Keep its ETag",
        f"ETAG=$({_curl('GET', item_path)} | sed -n 's/^[Ee][Tt]ag: //p' | tr -d '\\r')",
    )
    life = examples.life(ends=entity.deletable)
    for number, change in enumerate(life, start=1):
        if number == 1:
            first = _with_body("PATCH", item_path, change.body, _KNOWN_ETAG)
            yield Example(f"{change.title}, unless it has changed since", first, 200)
            outdated = life[min(number, len(life) - 1)]
            refused = _with_body("PATCH", item_path, outdated.body, _KNOWN_ETAG)
            yield Example(f"{outdated.title} with the old ETag, which is refused", refused, 412)
        elif number == len(life):
            whole = replacement_body(entity, item, change)
            yield Example(change.title, _with_body("PUT", item_path, whole), 200)
        else:
            yield Example(change.title, _with_body("PATCH", item_path, change.body), 200)
        item |= change.body
    if impossible := examples.refused(item["status"]):
        title = f"{impossible.title}, which is refused once it is {item['status']}"
        yield Example(title, _with_body("PATCH", item_path, impossible.body), 409)
    if item["status"] in entity.deletable:
        yield Example(f"Delete the {noun}", _curl("DELETE", item_path), 204)


def _with_body(method: str, path: str, body: object, *arguments: str) -> str:
    media_type = MERGE_PATCH if method == "PATCH" else JSON
    content = (
        f"-H 'Content-Type: {media_type}'",
        *arguments,
        f"-d {shlex.quote(json.dumps(body))}",
    )
    return _curl(method, path, *content)


def _curl(method: str, path: str, *arguments: str) -> str:
    # With a body, curl sends a POST by itself, and without one a GET.
    option = () if method in {"GET", "POST"} else ("-X", method)
    return " ".join(("curl -si", *option, f'"$API{path}"', _KEY, *arguments))
