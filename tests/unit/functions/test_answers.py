"""What every function does around its route: problems, headers, log lines, metrics, archive."""

import gzip
import json
import uuid
from dataclasses import replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import EndpointConnectionError

from common.aws.clients import client
from common.handler import lambda_handler
from common.settings import SETTINGS
from common.web import responses
from functions.read.handler import handler as read
from tests.support.http.response import HttpResponse
from tests.unit.conftest import Context

if TYPE_CHECKING:
    from collections.abc import Callable

    from common.web.requests import Request
    from common.web.responses import Response
    from tests.unit.conftest import Api

BODY = {"pipeline": "resize", "input_uri": "s3://in/1.png"}
EXPOSED = "ETag, Location, Retry-After, Idempotency-Replayed, X-Request-Id"
EVENT = {
    "httpMethod": "GET",
    "resource": "/jobs",
    "path": "/jobs",
    "requestContext": {"requestId": "request-1", "identity": {"apiKeyId": "key-1"}},
}


def _lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def _canonical(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    (line,) = [line for line in _lines(capsys) if line.get("message") == "request"]
    return line


def _metrics(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    (line,) = [line for line in _lines(capsys) if "_aws" in line]
    return line


def _archived() -> list[dict[str, Any]]:
    s3 = client("s3")
    keys = [entry["Key"] for entry in s3.list_objects_v2(Bucket="archive").get("Contents", [])]
    bodies = [s3.get_object(Bucket="archive", Key=key)["Body"].read() for key in sorted(keys)]
    return [json.loads(line) for body in bodies for line in gzip.decompress(body).splitlines()]


def _answer_of(route: "Callable[[Request], Response]") -> HttpResponse:
    result = lambda_handler({"GET /jobs": route})(EVENT, Context())
    return HttpResponse(result["statusCode"], result["headers"], result["body"])


def test_a_problem_says_what_where_and_under_which_request_id(api: "Api") -> None:
    answer = api("GET", "/jobs/unknown", request_id="request-1")

    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["X-Request-Id"] == "request-1"
    assert answer.body == {
        "type": "about:blank",
        "title": "Not Found",
        "status": 404,
        "detail": "There is no such job.",
        "instance": "/test/jobs/unknown",
        "request_id": "request-1",
    }


def test_a_bug_is_answered_500_without_a_word_about_our_insides(
    capsys: pytest.CaptureFixture[str],
) -> None:
    def broken(_: "Request") -> "Response":
        raise KeyError("arn:aws:dynamodb:us-east-1:123456789012:table/secret")

    answer = _answer_of(broken)

    assert answer.status == 500
    assert "arn:" not in answer.text
    assert "KeyError" not in answer.text
    line = _canonical(capsys)
    assert line["level"] == "ERROR"
    assert line["exception_name"] == "KeyError"
    assert line["request_id"] == answer.body["request_id"]


def test_a_server_error_counts_as_a_fault(capsys: pytest.CaptureFixture[str]) -> None:
    def broken(_: "Request") -> "Response":
        raise ZeroDivisionError

    _answer_of(broken)

    line = _metrics(capsys)
    assert line["Faults"] == [1.0]
    assert line["service"] == "job-ledger-test"
    assert line["function"] == "unit"


def test_where_all_origins_are_allowed_every_answer_says_so(api: "Api") -> None:
    for path in ("/jobs", "/jobs/unknown"):
        headers = api("GET", path, headers={"Origin": "https://elsewhere.example"}).headers

        assert headers["Access-Control-Allow-Origin"] == "*"
        assert headers["Access-Control-Expose-Headers"] == EXPOSED


@pytest.fixture
def listed(monkeypatch: pytest.MonkeyPatch) -> tuple[str, ...]:
    """A list of origins that may call the API."""
    origins = ("https://a.example", "https://b.example")
    monkeypatch.setattr(responses, "SETTINGS", replace(SETTINGS, cors_origins=origins))
    return origins


def test_where_a_list_is_allowed_each_of_its_origins_is_told_that_it_is(
    api: "Api", listed: tuple[str, ...]
) -> None:
    for origin in listed:
        for path in ("/jobs", "/jobs/unknown"):
            headers = api("GET", path, headers={"origin": origin}).headers

            assert headers["Access-Control-Allow-Origin"] == origin
            assert headers["Access-Control-Expose-Headers"] == EXPOSED
            assert headers["Vary"] == "Origin, Authorization, X-Api-Key"


@pytest.mark.parametrize(
    "origin", ["https://c.example", "http://a.example", "https://a.example.net", "null", ""]
)
def test_where_a_list_is_allowed_no_other_origin_is(
    origin: str, api: "Api", listed: tuple[str, ...]
) -> None:
    for path in ("/jobs", "/jobs/unknown"):
        headers = api("GET", path, headers={"Origin": origin}).headers

        assert "Access-Control-Allow-Origin" not in headers
        assert headers["Vary"] == "Origin, Authorization, X-Api-Key"


def test_a_read_may_be_kept_by_its_caller_as_long_as_by_the_gateway(
    api: "Api", new_job: dict[str, Any]
) -> None:
    # As the environment of the tests says, which stands for the table of routes.
    one = api("GET", f"/jobs/{new_job['job_id']}")
    many = api("GET", "/jobs")

    assert one.headers["Cache-Control"] == "private, max-age=7"
    assert many.headers["Cache-Control"] == "private, max-age=5"
    assert one.headers["Vary"] == many.headers["Vary"] == "Authorization, X-Api-Key"


def test_neither_writes_nor_errors_may_be_kept(api: "Api", new_job: dict[str, Any]) -> None:
    path = f"/jobs/{new_job['job_id']}"
    answers = [
        api("POST", "/jobs", BODY),
        api("PATCH", path, {"status": "RUNNING"}),
        api("PUT", path, {"status": "CANCELLED"}),
        api("DELETE", path),
        api("GET", path),
        api("GET", "/jobs", query={"limit": "none"}),
    ]

    assert [answer.status for answer in answers] == [201, 200, 200, 204, 404, 400]
    assert {answer.headers["Cache-Control"] for answer in answers} == {"no-store"}


def test_a_route_that_the_function_does_not_know_is_not_found(api: "Api") -> None:
    event = {**EVENT, "resource": "/other", "path": "/other"}

    assert api.send("GET", event).status == 404


def test_a_body_in_base64_is_decoded(api: "Api") -> None:
    event = {**EVENT, "httpMethod": "POST", "isBase64Encoded": True}

    text = "eyJwaXBlbGluZSI6InJlc2l6ZSIsImlucHV0X3VyaSI6InMzOi8vaW4vMSJ9"
    assert api.send("POST", {**event, "body": text}).status == 201
    assert api.send("POST", {**event, "body": "%%%"}).status == 400
    assert api.send("POST", {**event, "body": "/w=="}).status == 400
    assert api.send("POST", {**event, "body": "é"}).status == 400


def test_half_a_surrogate_pair_in_an_event_breaks_no_log_line(
    api: "Api", capsys: pytest.CaptureFixture[str]
) -> None:
    event = {**EVENT, "requestContext": {"identity": {"apiKeyId": "\ud800"}, "path": "/\ud800"}}

    assert api.send("GET", event).status == 200
    assert _canonical(capsys)["api_key_id"] == "?"


@pytest.mark.parametrize("event", [{}, {**EVENT, "headers": None, "queryStringParameters": None}])
def test_an_event_with_gaps_still_gets_an_answer(event: dict[str, Any], api: "Api") -> None:
    assert api.send("GET", event).status in {200, 404}


@pytest.mark.parametrize(
    ("path", "status", "level"),
    [("/jobs", 200, "INFO"), ("/jobs/unknown", 404, "WARNING")],
)
def test_each_request_leaves_one_canonical_line(
    path: str, status: int, level: str, api: "Api", capsys: pytest.CaptureFixture[str]
) -> None:
    api("GET", path, request_id="request-1")

    line = _canonical(capsys)
    assert line["level"] == level
    assert line["status"] == status
    assert line["request_id"] == "request-1"
    assert line["api_key_id"] == "key-1"
    assert line["route"] == ("GET /jobs" if path == "/jobs" else "GET /jobs/{job_id}")
    assert line["latency_ms"] > 0
    assert line["cold_start"] in {True, False}
    assert line["dynamodb_attempts"] == (2 if path == "/jobs" else 0)


def test_the_canonical_line_of_a_refusal_says_what_the_caller_was_told(
    api: "Api", new_job: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    path = f"/jobs/{new_job['job_id']}"
    capsys.readouterr()

    refused = api("DELETE", path, headers={"If-Match": '"7"'})

    assert refused.status == 412
    assert _canonical(capsys)["detail"] == refused.body["detail"]


def test_the_canonical_line_names_the_job_even_when_the_request_fails(
    new_job: dict[str, Any], api: "Api", capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    api("PATCH", f"/jobs/{new_job['job_id']}", {"progress": 1})

    line = _canonical(capsys)
    assert line["status"] == 409
    assert line["job_id"] == new_job["job_id"]
    assert line["dynamodb_attempts"] == 1


def test_a_line_does_not_carry_over_to_the_next_request(
    api: "Api", capsys: pytest.CaptureFixture[str]
) -> None:
    api("GET", "/jobs", request_id="request-1")
    capsys.readouterr()
    api("GET", "/jobs", request_id="request-2")

    assert {line.get("request_id", "request-2") for line in _lines(capsys)} == {"request-2"}


def test_a_registered_job_leaves_an_event_and_a_metric(
    api: "Api", capsys: pytest.CaptureFixture[str]
) -> None:
    job_id = api("POST", "/jobs", BODY).body["job_id"]

    lines = _lines(capsys)
    (event,) = [line for line in lines if line.get("message") == "job created"]
    assert event["job_id"] == job_id
    (metric,) = [line for line in lines if "_aws" in line]
    assert metric["JobsCreated"] == [1.0]
    assert metric["DynamoDBAttempts"] == [1.0]


def test_neither_body_nor_key_nor_cursor_is_logged(
    api: "Api", capsys: pytest.CaptureFixture[str]
) -> None:
    api("POST", "/jobs", {**BODY, "parameters": {"password": "hunter2"}})
    api("POST", "/jobs", BODY, headers={"X-Api-Key": "the-key"})
    cursor = api("GET", "/jobs", query={"limit": "1"}).body["next_cursor"]
    api("GET", "/jobs", query={"cursor": cursor})
    api("GET", "/jobs", query={"cursor": cursor + "x"})
    api("POST", "/jobs", '{"pipeline": "hunter2')

    logged = capsys.readouterr().out
    for secret in ("hunter2", "the-key", cursor, "s3://in/1.png"):
        assert secret not in logged


def test_every_line_on_stdout_is_in_the_archive_too(
    api: "Api", capsys: pytest.CaptureFixture[str]
) -> None:
    api("POST", "/jobs", BODY)

    logged = [line for line in _lines(capsys) if "_aws" not in line]
    assert len(logged) == 2
    assert _archived() == logged


def test_the_archive_is_partitioned_by_function_date_and_hour(api: "Api") -> None:
    api("GET", "/jobs", request_id="request-1")

    (entry,) = client("s3").list_objects_v2(Bucket="archive")["Contents"]
    function, date, hour, name = entry["Key"].removeprefix("logs/").split("/")
    assert function == "function=unit"
    assert date.startswith("date=20")
    assert hour.startswith("hour=")
    assert name.endswith("-request-1.jsonl.gz")


def test_lines_that_s3_refuses_arrive_with_the_next_request(
    api: "Api", capsys: pytest.CaptureFixture[str]
) -> None:
    client("s3").delete_bucket(Bucket="archive")

    assert api("GET", "/jobs", request_id="request-1").status == 200
    assert _metrics(capsys)["ArchiveFailures"] == [1.0]

    client("s3").create_bucket(Bucket="archive")
    api("GET", "/jobs", request_id="request-2")
    canonical = [line["request_id"] for line in _archived() if line["message"] == "request"]
    assert canonical == ["request-1", "request-2"]


@pytest.mark.parametrize(
    ("method", "path", "body", "seconds"),
    [
        ("POST", "/jobs", {"pipeline": "p", "input_uri": "s3://in/1"}, "2"),
        # When API Gateway's cache has forgotten this answer.
        ("GET", "/jobs", None, "6"),
        ("GET", f"/jobs/{uuid.UUID(int=0, version=4)}", None, "8"),
    ],
)
def test_a_request_without_time_for_another_attempt_is_told_to_try_again(
    method: str, path: str, body: object, seconds: str, api: "Api"
) -> None:
    api.remaining_ms = 5_000

    answer = api(method, path, body)

    assert answer.status == 503
    assert answer.headers["Retry-After"] == seconds


def test_a_dynamodb_out_of_reach_is_answered_503(monkeypatch: pytest.MonkeyPatch) -> None:
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
