"""The parameters of requests, and the headers of answers."""

from collections.abc import Mapping
from typing import Any

from common.contract import (
    ENTITY_TAG,
    IDEMPOTENCY_KEY,
    MAX_ENTITY_TAGS,
    MAX_PAGE_SIZE,
    MERGE_PATCH,
    PAGE_SIZE,
)
from common.crud.entity import Entity
from common.crud.examples import examples_of
from common.entities import ENTITIES
from tools.openapi.examples import ITEM_ID, REQUEST_ID

_ETAG = '"1-Zk3x9aBc"'
_EMPTY = r"[ \t,]*"
_TAGS = {
    "type": "string",
    "pattern": (
        rf"^(\*|{_EMPTY}({ENTITY_TAG}([ \t]*,{_EMPTY}{ENTITY_TAG}){{0,{MAX_ENTITY_TAGS - 1}}}"
        rf"{_EMPTY})?)$"
    ),
}
"""A list of ETags; empty elements are ignored (RFC 9110, 5.6.1.2)."""


def parameters(entity: Entity) -> Mapping[str, Mapping[str, Any]]:
    """Return the described parameters of an entity's routes; any other parameter is a string."""
    return {
        entity.id_field: {
            "description": f"The {entity.noun}'s id, in lower case",
            "schema": {"type": "string", "format": "uuid"},
            "example": ITEM_ID,
        },
        "status": {
            "description": f"Only {entity.plural} of this status",
            "schema": {"$ref": f"#/components/schemas/{entity.type_name}Status"},
        },
        **{name: _filter(entity, name) for name in entity.filters},
        "limit": {
            "description": f"The most {entity.plural} on the page",
            "schema": {
                "type": "integer",
                "minimum": 1,
                "maximum": MAX_PAGE_SIZE,
                "default": PAGE_SIZE,
            },
        },
        "cursor": {
            "description": "The `next_cursor` of the page before, with the filters of that page",
            "schema": {"type": "string"},
        },
        "If-Match": {
            "description": (
                f"Only if the {entity.noun} has this ETag, or one of at most {MAX_ENTITY_TAGS};"
                " otherwise 412"
            ),
            "schema": _TAGS,
            "example": _ETAG,
        },
        "If-None-Match": {
            "description": (
                f"Only if the {entity.noun} has none of these ETags, at most {MAX_ENTITY_TAGS};"
                " otherwise 304 to a GET, and 412 to a change"
            ),
            "schema": _TAGS,
            "example": _ETAG,
        },
        "Idempotency-Key": {
            "description": (
                f"Makes a retry safe: the same caller, key and body give the same {entity.noun} for"
                f" as long as it exists. Choose a new random value for each new {entity.noun}"
            ),
            "schema": {"type": "string", "pattern": f"^{IDEMPOTENCY_KEY}$"},
            "example": "b5f7f0a2-6c0e-4d5e-9d5c-2f1f5f0a3c11",
        },
    }


def _filter(entity: Entity, name: str) -> Mapping[str, Any]:
    schema = {
        keyword: value
        for keyword, value in entity.schema.fields[name].items()
        if keyword not in {"description", "x-bodies"}
    }
    return {
        "description": f"Only {entity.plural} with this {name}",
        "schema": schema,
        "example": examples_of(entity).least[name],
    }


_REVISION: Mapping[str, Any] = {
    "description": "The item's revision, for If-Match and If-None-Match",
    "required": True,
    "schema": {"type": "string", "pattern": '^"[1-9][0-9]*(-[A-Za-z0-9_-]{8})?"$'},
    "example": _ETAG,
}

REVISION_AFTER_A_CHANGE: Mapping[str, Any] = {
    **_REVISION,
    "description": (
        "The item's revision after the change, for If-Match. Absent in the rare case that the"
        " service had to repeat the call to its table, and the body shows later changes, too"
    ),
    "required": False,
}

HEADERS: Mapping[str, Mapping[str, Any]] = {
    "ETag": _REVISION,
    "Location": {
        "description": "The item, relative to the URL of the request (RFC 9110, 10.2.2)",
        "required": True,
        "schema": {"type": "string", "format": "uri-reference"},
        "example": f"{ENTITIES[0].collection}/{ITEM_ID}",
    },
    "Idempotency-Replayed": {
        "description": "An earlier request with the same Idempotency-Key created the item",
        "required": True,
        "schema": {"type": "string", "const": "true"},
    },
    "Accept-Patch": {
        "description": "The media type of a patch (RFC 5789, 3.1), if it was another",
        "schema": {"type": "string", "const": MERGE_PATCH},
    },
    "Accept-Encoding": {
        "description": "The coding of a body (RFC 9110, 12.5.3), if it was another",
        "schema": {"type": "string", "const": "identity"},
    },
    "Retry-After": {
        "description": "Seconds after which the same request may succeed",
        "required": True,
        "schema": {"type": "integer", "minimum": 1},
        "example": 2,
    },
    "X-Request-Id": {
        "description": "The id of the request in the service's logs",
        "required": True,
        "schema": {"type": "string"},
        "example": REQUEST_ID,
    },
    "Cache-Control": {
        "description": "The answer must not be cached (RFC 9111)",
        "required": True,
        "schema": {"type": "string", "const": "no-store"},
    },
}

CHALLENGE: Mapping[str, Any] = {
    "WWW-Authenticate": {
        "description": "The authentication scheme (RFC 6750)",
        "required": True,
        "schema": {"type": "string", "const": "Bearer"},
    }
}
"""The header of an answer to an unauthenticated caller."""


def kept_for(seconds: int) -> dict[str, Any]:
    """Create the Cache-Control header of an answer that callers may cache."""
    return {
        "Cache-Control": {
            "description": f"The answer may be cached for {seconds} seconds (RFC 9111)",
            "required": True,
            "schema": {"type": "string", "const": f"private, max-age={seconds}"},
        }
    }
