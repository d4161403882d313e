"""The parameters of requests, and the headers of answers."""

from collections.abc import Mapping
from typing import Any

from common.contract import IDEMPOTENCY_KEY, MAX_ENTITY_TAGS, MAX_PAGE_SIZE, PAGE_SIZE
from common.jobs.model import PIPELINE
from tools.openapi.examples import JOB_ID, REQUEST_ID

_TAG = '"[!#-~]*"'

PARAMETERS: Mapping[str, Mapping[str, Any]] = {
    "job_id": {
        "description": "The job's id, in lower case",
        "schema": {"type": "string", "format": "uuid"},
        "example": JOB_ID,
    },
    "status": {
        "description": "Only jobs of this status",
        "schema": {"$ref": "#/components/schemas/JobStatus"},
    },
    "pipeline": {
        "description": "Only jobs of this pipeline",
        "schema": {"type": "string", "pattern": f"^{PIPELINE.pattern}$"},
        "example": "thumbnails",
    },
    "limit": {
        "description": "The most jobs on the page",
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
            f"Only if the job has this ETag, or one of at most {MAX_ENTITY_TAGS}; otherwise 412"
        ),
        "schema": {
            "type": "string",
            "pattern": rf"^(\*|{_TAG}(, {_TAG}){{0,{MAX_ENTITY_TAGS - 1}}})$",
        },
        "example": '"1"',
    },
    "Idempotency-Key": {
        "description": (
            "Makes a retry safe: the same caller, key and body give the same job for as long as"
            " it exists. Choose a new random value for each new job"
        ),
        "schema": {"type": "string", "pattern": f"^{IDEMPOTENCY_KEY}$"},
        "example": "b5f7f0a2-6c0e-4d5e-9d5c-2f1f5f0a3c11",
    },
}
"""The described parameters; any other parameter is a string."""

HEADERS: Mapping[str, Mapping[str, Any]] = {
    "ETag": {
        "description": "The job's version, for If-Match",
        "required": True,
        "schema": {"type": "string", "pattern": '^"[1-9][0-9]*"$'},
        "example": '"1"',
    },
    "Location": {
        "description": "The job, relative to the URL of the request (RFC 9110, 10.2.2)",
        "required": True,
        "schema": {"type": "string", "format": "uri-reference"},
        "example": f"jobs/{JOB_ID}",
    },
    "Idempotency-Replayed": {
        "description": "An earlier request with the same Idempotency-Key registered the job",
        "required": True,
        "schema": {"type": "string", "const": "true"},
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
