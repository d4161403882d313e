"""The routes over HTTP: the real template, deployed to an emulator that enforces IAM."""

import itertools
import uuid
from collections.abc import Mapping
from typing import Any

import pytest
from botocore.exceptions import ClientError

from infra.spec.output_names import table_output
from tests.support.deployment.service import Service
from tests.support.entities import ENTITY
from tests.support.http.caller import Caller

UNKNOWN = str(uuid.UUID(int=4, version=4))


@pytest.fixture
def new_job(call: Caller, pipeline: str) -> dict[str, Any]:
    """A new job."""
    response = call("POST", "/jobs", {"pipeline": pipeline, "input_uri": "s3://in/1"})
    assert response.status == 201
    body: dict[str, Any] = response.body
    return body


def _items(service: Service) -> dict[str, Any]:
    """Return all items of the table by job id."""
    pages = (
        service.client("dynamodb")
        .get_paginator("scan")
        .paginate(TableName=service.outputs[table_output(ENTITY)])
    )
    return {item["job_id"]["S"]: item for page in pages for item in page["Items"]}


@pytest.mark.mission(
    "Performs CRUD operations on DynamoDB",
    "Exposes your Lambda function through RESTful endpoints",
)
def test_a_job_goes_from_registration_to_deletion(call: Caller, pipeline: str) -> None:
    created = call(
        "POST",
        "/jobs",
        {"pipeline": pipeline, "input_uri": "s3://in/1", "parameters": {"width": 320}},
    )
    path = "/" + created.headers["Location"]
    assert created.status == 201
    assert created.headers["ETag"] == '"1"'

    read = call("GET", path)
    assert read.status == 200
    assert read.body == created.body

    started = call("PATCH", path, {"status": "RUNNING"}, headers={"If-Match": '"1"'})
    assert started.status == 200
    assert started.headers["ETag"] == '"2"'

    assert call("PATCH", path, {"progress": 40}).body["progress"] == 40
    assert call("DELETE", path).status == 409

    result = {"status": "SUCCEEDED", "progress": 100, "output_uri": "s3://out/1"}
    ended = call("PUT", path, result)
    assert ended.status == 200
    assert {**ended.body, **result} == ended.body
    assert ended.body["expires_at"] > 0

    assert call("DELETE", path, headers={"If-Match": ended.headers["ETag"]}).status == 204
    assert call("GET", path).status == 404


def test_a_list_pages_through_a_pipeline_newest_first(call: Caller, pipeline: str) -> None:
    registered = [
        call("POST", "/jobs", {"pipeline": pipeline, "input_uri": f"s3://in/{n}"}).body["job_id"]
        for n in range(5)
    ]

    pages: list[list[str]] = []
    cursor = ""
    for _ in itertools.repeat(None, 5):
        page = call("GET", f"/jobs?pipeline={pipeline}&limit=2{cursor}").body
        pages.append([item["job_id"] for item in page["items"]])
        if "next_cursor" not in page:
            break
        cursor = f"&cursor={page['next_cursor']}"

    assert pages == [registered[:2:-1], registered[2:0:-1], registered[:1]]


def test_a_list_without_filters_merges_all_statuses(call: Caller, pipeline: str) -> None:
    pending, running = (
        call("POST", "/jobs", {"pipeline": pipeline, "input_uri": "s3://in/1"}).body["job_id"]
        for _ in range(2)
    )
    call("PATCH", f"/jobs/{running}", {"status": "RUNNING"})

    newest = call("GET", "/jobs?limit=2").body["items"]

    assert [item["job_id"] for item in newest] == [running, pending]
    listed = call("GET", f"/jobs?status=RUNNING&pipeline={pipeline}").body["items"]
    assert [item["job_id"] for item in listed] == [running]


def test_a_create_with_an_idempotency_key_happens_once(call: Caller, pipeline: str) -> None:
    body = {"pipeline": pipeline, "input_uri": "s3://in/1"}
    key = {"Idempotency-Key": pipeline}

    first = call("POST", "/jobs", body, headers=key)
    again = call("POST", "/jobs", body, headers=key)
    other = call("POST", "/jobs", {**body, "input_uri": "s3://in/2"}, headers=key)

    assert (first.status, again.status, other.status) == (201, 200, 422)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.body == first.body
    assert len(call("GET", f"/jobs?pipeline={pipeline}").body["items"]) == 1


@pytest.mark.parametrize(
    ("status", "method", "path", "body", "headers"),
    [
        pytest.param(400, "POST", "/jobs", "{", {}, id="invalid JSON"),
        pytest.param(400, "POST", "/jobs", b"\xff", {}, id="invalid UTF-8"),
        pytest.param(400, "POST", "/jobs", "[" * 30_000, {}, id="endless nesting"),
        pytest.param(
            400,
            "POST",
            "/jobs",
            {"pipeline": "p", "input_uri": "s3://in/1", "colour": "red"},
            {},
            id="an unknown field",
        ),
        pytest.param(
            400, "POST", "/jobs", {"pipeline": 7, "input_uri": "s3://in/1"}, {}, id="a wrong type"
        ),
        pytest.param(400, "PATCH", "/jobs/{new}", {"progress": 101}, {}, id="out of range"),
        pytest.param(400, "GET", "/jobs?limit=0", None, {}, id="an invalid query"),
        pytest.param(400, "GET", "/jobs?cursor=AAAA", None, {}, id="a forged cursor"),
        pytest.param(404, "GET", f"/jobs/{UNKNOWN}", None, {}, id="an unknown id, read"),
        pytest.param(
            404, "PATCH", f"/jobs/{UNKNOWN}", {"progress": 1}, {}, id="an unknown id, changed"
        ),
        pytest.param(404, "DELETE", f"/jobs/{UNKNOWN}", None, {}, id="an unknown id, deleted"),
        pytest.param(404, "GET", "/nowhere", None, {}, id="an unknown path"),
        pytest.param(405, "POST", "/jobs/{new}", {}, {}, id="an unknown method"),
        pytest.param(
            412,
            "PATCH",
            "/jobs/{new}",
            {"status": "RUNNING"},
            {"If-Match": '"2"'},
            id="a stale If-Match",
        ),
        pytest.param(
            409, "PATCH", "/jobs/{new}", {"status": "SUCCEEDED"}, {}, id="a forbidden transition"
        ),
        pytest.param(
            415,
            "POST",
            "/jobs",
            {"pipeline": "p", "input_uri": "s3://in/1"},
            {"Content-Type": "text/plain"},
            id="another media type",
        ),
        pytest.param(
            422, "PATCH", "/jobs/{new}", {"status": "FAILED"}, {}, id="inconsistent fields"
        ),
        pytest.param(403, "GET", "/jobs", None, {"x-api-key": "wrong"}, id="a wrong key"),
    ],
)
def test_a_bad_request_gets_a_problem_and_changes_nothing(
    status: int,
    method: str,
    path: str,
    body: object,
    headers: Mapping[str, str],
    new_job: dict[str, Any],
    call: Caller,
    service: Service,
) -> None:
    before = _items(service)

    response = call(method, path.replace("{new}", new_job["job_id"]), body, headers=headers)

    _assert_problem(response.status, response.headers, response.body, status)
    assert _items(service) == before


def test_a_request_without_a_key_is_refused(service: Service) -> None:
    response = Caller(service.api_url, api_key=None)("GET", "/jobs")

    _assert_problem(response.status, response.headers, response.body, 403)


def _assert_problem(
    status: int, headers: Mapping[str, str], body: dict[str, Any], expected: int
) -> None:
    assert status == expected
    assert headers["Content-Type"] == "application/problem+json"
    assert headers["Access-Control-Allow-Origin"] == "*"
    assert headers["X-Request-Id"] == body["request_id"]
    assert body["status"] == expected
    assert body["title"]
    assert body["detail"]
    assert body["instance"]


def test_a_browser_may_send_a_preflight_request(service: Service) -> None:
    response = Caller(service.api_url, api_key=None)(
        "OPTIONS",
        "/jobs",
        headers={"Origin": "https://app.example", "Access-Control-Request-Method": "POST"},
    )

    assert response.status == 204
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    assert "POST" in response.headers["Access-Control-Allow-Methods"]
    assert "Idempotency-Key" in response.headers["Access-Control-Allow-Headers"]


def test_the_read_function_may_not_write(service: Service, new_job: dict[str, Any]) -> None:
    dynamodb = service.client_of("read", "dynamodb")
    key = {"job_id": {"S": new_job["job_id"]}}
    table = service.outputs[table_output(ENTITY)]

    assert dynamodb.get_item(TableName=table, Key=key)["Item"]
    with pytest.raises(ClientError, match="AccessDenied"):
        dynamodb.put_item(TableName=table, Item=key)
    with pytest.raises(ClientError, match="AccessDenied"):
        dynamodb.delete_item(TableName=table, Key=key)
    with pytest.raises(ClientError, match="AccessDenied"):
        dynamodb.scan(TableName=table)
