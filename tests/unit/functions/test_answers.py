"""The behaviour that all functions share: problems, headers, log lines, metrics and the archive."""

import gzip
import json
import re
import uuid
from base64 import b64encode
from dataclasses import replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import EndpointConnectionError

from common.aws.clients import client
from common.handler import lambda_handler
from common.settings import SETTINGS
from functions.read.handler import handler as read
from infra.spec.service import REGION, SERVICE_NAME
from local.lambda_runtime import buckets
from tests.support.entities import (
    ENTITY,
    EXAMPLES,
    another_body,
    create,
    create_deletable,
    create_with,
    first_change,
    path_of,
    refused_change,
    replacement,
)
from tests.support.http.response import HttpResponse
from tests.support.http.uri_reference import is_absolute_path
from tests.support.logs.request_ids import UNUSABLE, USABLE, shortened
from tests.unit.conftest import Context

if TYPE_CHECKING:
    from collections.abc import Callable

    from common.web.requests import Request
    from common.web.responses import Response
    from tests.unit.conftest import Api

BODY = EXAMPLES.least
UNKNOWN = f"{ENTITY.path}/unknown"
EXPOSED = (
    "ETag, Location, Retry-After, Idempotency-Replayed, X-Request-Id, Accept-Patch, Accept-Encoding"
)
EVENT = {
    "httpMethod": "GET",
    "resource": ENTITY.path,
    "path": ENTITY.path,
    "requestContext": {"requestId": "request-1", "identity": {"apiKeyId": "key-1"}},
}


def _lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def _canonical_line(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    (line,) = [line for line in _lines(capsys) if line.get("message") == "request"]
    return line


def _metrics(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    (line,) = [line for line in _lines(capsys) if "_aws" in line]
    return line


def _archived_lines() -> list[dict[str, Any]]:
    s3 = client("s3")
    keys = [entry["Key"] for entry in s3.list_objects_v2(Bucket="archive").get("Contents", [])]
    bodies = [s3.get_object(Bucket="archive", Key=key)["Body"].read() for key in sorted(keys)]
    return [json.loads(line) for body in bodies for line in gzip.decompress(body).splitlines()]


def _call(route: "Callable[[Request], Response]") -> HttpResponse:
    result = lambda_handler({f"GET {ENTITY.path}": route})(EVENT, Context())
    return HttpResponse(result["statusCode"], result["headers"], result["body"])


@pytest.mark.parametrize("request_id", USABLE, ids=shortened)
def test_an_id_that_the_caller_chose_is_in_the_answer_and_in_each_log_line(
    request_id: str, api: "Api", capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    response = api("GET", UNKNOWN, request_id=request_id)

    assert response.headers["X-Request-Id"] == response.body["request_id"] == request_id
    assert {line["request_id"] for line in _lines(capsys)} == {request_id}


@pytest.mark.parametrize("request_id", UNUSABLE, ids=shortened)
def test_an_id_that_no_header_can_hold_is_replaced_by_that_of_the_invocation(
    request_id: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    event = {**EVENT, "requestContext": {"requestId": request_id}}
    context = Context()
    capsys.readouterr()
    result = read(event, context)

    assert result["headers"]["X-Request-Id"] == context.aws_request_id
    assert {line["request_id"] for line in _lines(capsys)} == {context.aws_request_id}


@pytest.mark.mission("Include comprehensive error handling with meaningful error messages")
def test_a_problem_document_has_the_detail_the_path_and_the_request_id(api: "Api") -> None:
    response = api("GET", UNKNOWN, request_id="request-1")

    assert response.headers["Content-Type"] == "application/problem+json"
    assert response.headers["X-Request-Id"] == "request-1"
    assert response.body == {
        "type": "about:blank",
        "title": "Not Found",
        "status": 404,
        "detail": f"There is no such {ENTITY.noun}.",
        "instance": f"/test{UNKNOWN}",
        "request_id": "request-1",
    }


@pytest.mark.parametrize(
    ("path", "instance"),
    [
        ("/dev/a/b", "/dev/a/b"),
        ("/dev/%22a%2Fb%22/", "/dev/%22a%2Fb%22/"),
        ('/dev/"a" é|100%', "/dev/%22a%22%20%C3%A9%7C100%25"),
        ("/dev/a?b#c[d]", "/dev/a%3Fb%23c%5Bd%5D"),
        ("//host/a", "/host/a"),
        ("1:2", "/1:2"),
        ("\ud800", "/%3F"),
    ],
)
def test_the_instance_of_a_problem_is_a_uri_reference(path: str, instance: str, api: "Api") -> None:
    event = {**EVENT, "resource": "/other", "requestContext": {"path": path}}

    assert api.send("GET", event).body["instance"] == instance
    assert is_absolute_path(instance)


def test_a_bug_returns_500_and_reveals_no_internals(
    capsys: pytest.CaptureFixture[str],
) -> None:
    def broken(_: "Request") -> "Response":
        raise KeyError(f"arn:aws:dynamodb:{REGION}:123456789012:table/secret")

    response = _call(broken)

    assert response.status == 500
    assert "arn:" not in response.text
    assert "KeyError" not in response.text
    line = _canonical_line(capsys)
    assert line["level"] == "ERROR"
    assert line["exception_name"] == "KeyError"
    assert line["request_id"] == response.body["request_id"]


def test_a_server_error_counts_as_a_fault(capsys: pytest.CaptureFixture[str]) -> None:
    def broken(_: "Request") -> "Response":
        raise ZeroDivisionError

    _call(broken)

    line = _metrics(capsys)
    assert line["Faults"] == [1.0]
    assert line["service"] == f"{SERVICE_NAME}-test"
    assert line["function"] == "unit"


def test_if_all_origins_are_allowed_every_response_allows_them(api: "Api") -> None:
    for path in (ENTITY.path, UNKNOWN):
        headers = api("GET", path, headers={"Origin": "https://elsewhere.example"}).headers

        assert headers["Access-Control-Allow-Origin"] == "*"
        assert headers["Access-Control-Expose-Headers"] == EXPOSED


@pytest.fixture
def origins(monkeypatch: pytest.MonkeyPatch) -> tuple[str, ...]:
    """The only origins that may call the API."""
    origins = ("https://a.example", "https://b.example")
    settings = replace(SETTINGS, cors_origins=origins)
    monkeypatch.setattr("common.web.responses.SETTINGS", settings)
    return origins


def test_each_listed_origin_is_allowed_by_name(api: "Api", origins: tuple[str, ...]) -> None:
    for origin in origins:
        for path in (ENTITY.path, UNKNOWN):
            headers = api("GET", path, headers={"origin": origin}).headers

            assert headers["Access-Control-Allow-Origin"] == origin
            assert headers["Access-Control-Expose-Headers"] == EXPOSED
            assert headers["Vary"] == "Origin, Authorization, X-Api-Key"


@pytest.mark.parametrize(
    "origin", ["https://c.example", "http://a.example", "https://a.example.net", "null", ""]
)
def test_no_origin_outside_the_list_is_allowed(
    origin: str, api: "Api", origins: tuple[str, ...]
) -> None:
    for path in (ENTITY.path, UNKNOWN):
        headers = api("GET", path, headers={"Origin": origin}).headers

        assert "Access-Control-Allow-Origin" not in headers
        assert headers["Vary"] == "Origin, Authorization, X-Api-Key"


def test_callers_may_cache_reads_as_long_as_api_gateway_does(
    api: "Api", new_item: dict[str, Any]
) -> None:
    # The times are those of CACHE_TTL in the tests' environment.
    one = api("GET", path_of(new_item))
    many = api("GET", ENTITY.path)

    assert one.headers["Cache-Control"] == "private, max-age=7"
    assert many.headers["Cache-Control"] == "private, max-age=5"
    assert one.headers["Vary"] == many.headers["Vary"] == "Authorization, X-Api-Key"


def test_callers_may_not_cache_writes_and_errors(api: "Api", new_item: dict[str, Any]) -> None:
    example = first_change()
    path = path_of(create_deletable(api))
    responses = [
        api("POST", ENTITY.path, BODY),
        api("PATCH", path_of(create(api)), example.body),
        api("PUT", path_of(new_item), replacement(new_item, example)),
        api("DELETE", path),
        api("GET", path),
        api("GET", ENTITY.path, query={"limit": "none"}),
    ]

    assert [response.status for response in responses] == [201, 200, 200, 204, 404, 400]
    assert {response.headers["Cache-Control"] for response in responses} == {"no-store"}


def test_a_route_that_the_function_lacks_is_not_found(api: "Api") -> None:
    event = {**EVENT, "resource": "/other", "path": "/other"}

    assert api.send("GET", event).status == 404


WRITES = ["POST", "PUT", "PATCH"]


def _write(api: "Api", method: str, **headers: str | list[str]) -> HttpResponse:
    """Send a valid body, and check that it changes nothing if it is refused."""
    item = create(api)
    change = first_change()
    body = {"POST": BODY, "PUT": replacement(item, change), "PATCH": change.body}[method]
    path = ENTITY.path if method == "POST" else path_of(item)
    response = api(method, path, body, headers={n.replace("_", "-"): v for n, v in headers.items()})
    if response.status >= 400:
        assert api("GET", path_of(item)).body == item
    return response


@pytest.mark.parametrize("coding", ["gzip", "GZIP", "br", "identity, gzip", ["identity", "gzip"]])
@pytest.mark.parametrize("method", WRITES)
def test_an_encoded_body_is_refused_with_the_coding_that_is_accepted(
    method: str, coding: str | list[str], api: "Api"
) -> None:
    response = _write(api, method, Content_Encoding=coding)

    assert response.status == 415
    assert response.headers["Accept-Encoding"] == "identity"
    assert "Accept-Patch" not in response.headers


@pytest.mark.parametrize("coding", ["identity", "Identity", "", " identity , "])
@pytest.mark.parametrize("method", WRITES)
def test_a_body_whose_coding_is_identity_is_taken(method: str, coding: str, api: "Api") -> None:
    assert _write(api, method, Content_Encoding=coding).status in {200, 201}


@pytest.mark.parametrize("content_range", ["bytes 0-9/20", "items 1-2/*", ""])
@pytest.mark.parametrize("method", WRITES)
def test_a_part_of_a_body_is_refused(method: str, content_range: str, api: "Api") -> None:
    response = _write(api, method, Content_Range=content_range)

    assert response.status == 400
    assert "Content-Range" in response.body["detail"]


@pytest.mark.parametrize("media_type", ["application/json", "text/plain", ""])
def test_a_patch_of_another_media_type_learns_the_right_one(media_type: str, api: "Api") -> None:
    response = _write(api, "PATCH", Content_Type=media_type)

    assert response.status == 415
    assert response.headers["Accept-Patch"] == "application/merge-patch+json"
    assert "Accept-Patch" not in _write(api, "PUT", Content_Type="text/plain").headers


def test_a_base64_body_is_decoded(api: "Api") -> None:
    event = {**EVENT, "httpMethod": "POST", "isBase64Encoded": True}

    text = b64encode(json.dumps(BODY).encode()).decode()
    assert api.send("POST", {**event, "body": text}).status == 201
    assert api.send("POST", {**event, "body": "%%%"}).status == 400
    assert api.send("POST", {**event, "body": "/w=="}).status == 400
    assert api.send("POST", {**event, "body": "é"}).status == 400


def test_half_a_surrogate_pair_in_an_event_breaks_no_log_line(
    api: "Api", capsys: pytest.CaptureFixture[str]
) -> None:
    event = {**EVENT, "requestContext": {"identity": {"apiKeyId": "\ud800"}, "path": "/\ud800"}}

    assert api.send("GET", event).status == 200
    assert _canonical_line(capsys)["api_key_id"] == "?"


@pytest.mark.parametrize("event", [{}, {**EVENT, "headers": None, "queryStringParameters": None}])
def test_an_incomplete_event_still_gets_a_response(event: dict[str, Any], api: "Api") -> None:
    assert api.send("GET", event).status in {200, 404}


@pytest.mark.parametrize(
    ("path", "status", "level"),
    [(ENTITY.path, 200, "INFO"), (UNKNOWN, 404, "WARNING")],
)
def test_each_request_logs_one_canonical_line(
    path: str, status: int, level: str, api: "Api", capsys: pytest.CaptureFixture[str]
) -> None:
    api("GET", path, request_id="request-1")

    line = _canonical_line(capsys)
    assert line["level"] == level
    assert line["status"] == status
    assert line["request_id"] == "request-1"
    assert line["api_key_id"] == "key-1"
    assert line["route"] == f"GET {path if path == ENTITY.path else ENTITY.item_path}"
    assert line["latency_ms"] > 0
    assert line["cold_start"] in {True, False}
    assert line["dynamodb_attempts"] == (2 if path == ENTITY.path else 0)


def test_a_304_is_logged_as_a_success(
    api: "Api", new_item: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    headers = {"If-None-Match": api("GET", path_of(new_item)).headers["ETag"]}
    capsys.readouterr()

    assert api("GET", path_of(new_item), headers=headers).status == 304

    lines = _lines(capsys)
    (line,) = [line for line in lines if line.get("message") == "request"]
    assert (line["level"], line["status"]) == ("INFO", 304)
    assert line[ENTITY.id_field] == new_item[ENTITY.id_field]
    assert not any("Faults" in each for each in lines)


def test_the_canonical_line_of_a_refusal_has_the_detail_that_the_caller_got(
    api: "Api", new_item: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    path = path_of(new_item)
    capsys.readouterr()

    response = api("DELETE", path, headers={"If-Match": '"7"'})

    assert response.status == 412
    assert _canonical_line(capsys)["detail"] == response.body["detail"]


def test_the_canonical_line_names_the_item_even_when_the_request_fails(
    api: "Api", capsys: pytest.CaptureFixture[str]
) -> None:
    status, refused = refused_change()
    item = create_with(api, status)
    capsys.readouterr()
    api("PATCH", path_of(item), refused.body)

    line = _canonical_line(capsys)
    assert line["status"] == 409
    assert line[ENTITY.id_field] == item[ENTITY.id_field]
    assert line["dynamodb_attempts"] == 1


def test_the_keys_of_a_log_line_do_not_carry_over_to_the_next_request(
    api: "Api", capsys: pytest.CaptureFixture[str]
) -> None:
    api("GET", ENTITY.path, request_id="request-1")
    capsys.readouterr()
    api("GET", ENTITY.path, request_id="request-2")

    assert {line.get("request_id", "request-2") for line in _lines(capsys)} == {"request-2"}


def test_a_create_logs_an_event_and_emits_a_metric(
    api: "Api", capsys: pytest.CaptureFixture[str]
) -> None:
    item_id = api("POST", ENTITY.path, BODY).body[ENTITY.id_field]

    lines = _lines(capsys)
    (event,) = [line for line in lines if line.get("message") == f"{ENTITY.noun} created"]
    assert event[ENTITY.id_field] == item_id
    (metric,) = [line for line in lines if "_aws" in line]
    assert metric[ENTITY.metric("created")] == [1.0]
    assert metric["DynamoDBAttempts"] == [1.0]


def test_bodies_keys_and_cursors_are_not_logged(
    api: "Api", capsys: pytest.CaptureFixture[str]
) -> None:
    body = another_body(BODY)
    texts = [
        value
        for name, value in body.items()
        if name not in ENTITY.filters and isinstance(value, str)
    ]
    for _ in range(2):
        api("POST", ENTITY.path, body, headers={"X-Api-Key": "the-key"})
    api("POST", ENTITY.path, {**body, "unknown": {"password": "hunter2"}})
    cursor = api("GET", ENTITY.path, query={"limit": "1"}).body["next_cursor"]
    api("GET", ENTITY.path, query={"cursor": cursor})
    api("GET", ENTITY.path, query={"cursor": cursor + "x"})
    api("POST", ENTITY.path, '{"unknown": "hunter2')

    output = capsys.readouterr().out
    for secret in ("hunter2", "the-key", cursor, *texts):
        assert secret not in output


@pytest.mark.mission("Logs activities to both CloudWatch and S3")
def test_every_log_line_on_stdout_is_archived_too(
    api: "Api", capsys: pytest.CaptureFixture[str]
) -> None:
    api("POST", ENTITY.path, BODY)

    lines = [line for line in _lines(capsys) if "_aws" not in line]
    assert len(lines) == 2
    assert _archived_lines() == lines


def test_the_archive_is_partitioned_by_function_date_and_hour(api: "Api") -> None:
    api("GET", ENTITY.path, request_id="request-1")

    (entry,) = client("s3").list_objects_v2(Bucket="archive")["Contents"]
    function, date, hour, name = entry["Key"].removeprefix("logs/").split("/")
    assert function == "function=unit"
    assert date.startswith("date=20")
    assert hour.startswith("hour=")
    # The id of the invocation, never that of the request, which a caller may choose.
    assert re.fullmatch(r"\d{8}T\d+Z-[0-9a-f-]{36}\.jsonl\.gz", name)


def test_log_lines_that_s3_refuses_are_uploaded_with_the_next_request(
    api: "Api", capsys: pytest.CaptureFixture[str]
) -> None:
    client("s3").delete_bucket(Bucket="archive")

    assert api("GET", ENTITY.path, request_id="request-1").status == 200
    assert _metrics(capsys)["ArchiveFailures"] == [1.0]

    buckets.create_bucket(client("s3"), "archive")
    api("GET", ENTITY.path, request_id="request-2")
    lines = [line for line in _archived_lines() if line["message"] == "request"]
    assert [line["request_id"] for line in lines] == ["request-1", "request-2"]


@pytest.mark.parametrize(
    ("method", "path", "body", "seconds"),
    [
        ("POST", ENTITY.path, BODY, "2"),
        # One second more than API Gateway may cache this answer.
        ("GET", ENTITY.path, None, "6"),
        ("GET", f"{ENTITY.path}/{uuid.UUID(int=0, version=4)}", None, "8"),
    ],
)
def test_a_request_without_time_for_another_attempt_gets_503_with_retry_after(
    method: str, path: str, body: object, seconds: str, api: "Api"
) -> None:
    api.remaining_ms = 5_000

    response = api(method, path, body)

    assert response.status == 503
    assert response.headers["Retry-After"] == seconds


def test_an_unreachable_dynamodb_returns_503() -> None:
    def unreachable(**_: Any) -> None:
        raise EndpointConnectionError(endpoint_url="https://dynamodb.example")

    events = client("dynamodb").meta.events
    events.register_first("before-send.dynamodb.Query", unreachable)
    try:
        result = read(EVENT, Context())
    finally:
        events.unregister("before-send.dynamodb.Query", unreachable)

    assert result["statusCode"] == HTTPStatus.SERVICE_UNAVAILABLE
    assert "dynamodb" not in result["body"]
