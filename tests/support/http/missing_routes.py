"""Requests for which the API has no route, with every kind of Authorization header."""

from collections.abc import Iterator
from typing import NamedTuple

import urllib3
from jsonschema import Draft4Validator

from common.contract import JSON, MERGE_PATCH, PROBLEM
from infra.spec.routes import ROUTES
from infra.spec.schemas import PROBLEM_SCHEMA, model_schema
from infra.spec.service import REGION
from tests.support.entities import ENTITY
from tests.support.http.uri_reference import is_absolute_path
from tests.support.waiting import TIMEOUT_SECONDS

NO_ITEM = f"{ENTITY.path}/0b5f3c1e-0000-4000-8000-000000000000"
ORIGIN = "https://app.example.com"

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "LINK")

AUTHORIZATION_HEADERS = (
    None,
    "Bearer e30.e30.c2lnbmF0dXJl",
    "Basic dTpw",
    "nonsense",
    "AWS4-HMAC-SHA256 nonsense",
    f"AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20260101/{REGION}/execute-api/aws4_request,"
    " SignedHeaders=host;x-amz-date, Signature=0",
)

MEDIA_TYPES = (
    None,
    JSON,
    f"{JSON}; charset=utf-8",
    MERGE_PATCH,
    "text/plain",
    "application/x-www-form-urlencoded",
)


class Missing(NamedTuple):
    """A path and a method without a route."""

    method: str
    path: str
    allowed: frozenset[str]
    """The methods that the path takes; empty if the path does not exist."""

    @property
    def status(self) -> int:
        """The status of the answer."""
        return 405 if self.allowed else 404


def missing_routes() -> Iterator[Missing]:
    """Yield paths without a route, and methods that a path lacks."""
    paths = {"/": "", "/nowhere": "", f'{NO_ITEM}/it\'s "a" $part, 100% é/': ""}
    paths |= {ENTITY.path: ENTITY.path, NO_ITEM: ENTITY.item_path}
    for path, resource in paths.items():
        methods = {route.method for route in ROUTES if route.path == resource}
        for method in METHODS:
            if method not in methods:
                yield Missing(method, path, frozenset(methods))


def assert_answered(api_url: str) -> None:
    """Check the API's answers to requests without a route.

    Raises:
        AssertionError: An answer is not the documented one.
    """
    pool = urllib3.PoolManager(retries=False, timeout=TIMEOUT_SECONDS)

    def send(missing: Missing, authorization: str | None, media: str | None) -> None:
        headers = {"Origin": ORIGIN, "Authorization": authorization, "Content-Type": media}
        body = b"{" if media else None
        response = pool.request(
            missing.method,
            f"{api_url}{missing.path}",
            body=body,
            headers={name: value for name, value in headers.items() if value},
        )
        context = (missing, authorization, media, response.data)
        # An unusual media type is refused with a response that is the same for all paths.
        status = missing.status if media != "image/png" else 404
        assert response.status == status, context
        assert response.headers["Content-Type"] == PROBLEM, context
        assert response.headers["Access-Control-Allow-Origin"] in {"*", ORIGIN}, context
        assert response.headers["X-Request-Id"], context
        assert response.headers["Cache-Control"] == "no-store", context
        if status == 405:
            allowed = set(response.headers["Allow"].split(", "))
            assert allowed == {*missing.allowed, "OPTIONS"}, context
        if missing.method != "HEAD":
            document = response.json()
            Draft4Validator(model_schema(PROBLEM_SCHEMA)).validate(document)
            assert document["status"] == status, context
            assert is_absolute_path(document["instance"]), context
            assert document["request_id"] == response.headers["X-Request-Id"], context

    for missing in missing_routes():
        for authorization in AUTHORIZATION_HEADERS:
            # The emulator takes a signed HEAD request for one to S3.
            if not (missing.method == "HEAD" and (authorization or "").startswith("AWS4")):
                send(missing, authorization, None)
        for media in (*MEDIA_TYPES, "image/png"):
            if missing.method not in {"GET", "HEAD"}:
                send(missing, "Bearer e30.e30.c2lnbmF0dXJl", media)
