"""POST /jobs."""

import re
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

    from tests.support.http.response import HttpResponse
    from tests.unit.conftest import Api

BODY = {"pipeline": "resize", "input_uri": "s3://in/1.png"}


def test_a_new_job_is_pending_at_version_1_and_readable_at_its_location(
    api: "Api",
) -> None:
    response = api("POST", "/jobs", {**BODY, "parameters": {"width": 640, "ratio": 0.5}})

    assert response.status == 201
    assert response.headers["ETag"] == '"1"'
    job = response.body
    assert response.headers["Location"] == f"jobs/{job['job_id']}"
    assert job == {
        **BODY,
        "job_id": job["job_id"],
        "parameters": {"width": 640, "ratio": 0.5},
        "status": "PENDING",
        "progress": 0,
        "attempt": 1,
        "version": 1,
        "created_at": job["created_at"],
        "updated_at": job["created_at"],
        "created_by": "key-1",
    }
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", job["created_at"])
    assert api("GET", "/" + response.headers["Location"]).body == job


def test_two_creates_with_the_same_idempotency_key_register_one_job(
    api: "Api", table: "Table"
) -> None:
    first = api("POST", "/jobs", BODY, headers={"Idempotency-Key": "order-7"})
    second = api("POST", "/jobs", BODY, headers={"idempotency-key": "order-7"})

    assert (first.status, second.status) == (201, 200)
    assert "Idempotency-Replayed" not in first.headers
    assert second.headers["Idempotency-Replayed"] == "true"
    assert second.headers["Location"] == first.headers["Location"]
    assert second.body == first.body
    assert len(table.scan()["Items"]) == 1


def test_a_replay_returns_the_job_in_its_current_state(api: "Api") -> None:
    original = api("POST", "/jobs", BODY, headers={"Idempotency-Key": "order-7"})
    api("PATCH", "/" + original.headers["Location"], {"status": "RUNNING"})

    replay = api("POST", "/jobs", BODY, headers={"Idempotency-Key": "order-7"})

    assert replay.body["status"] == "RUNNING"
    assert replay.headers["ETag"] == '"2"'


def test_the_same_idempotency_key_with_another_body_is_refused(api: "Api", table: "Table") -> None:
    api("POST", "/jobs", BODY, headers={"Idempotency-Key": "order-7"})

    response = api(
        "POST", "/jobs", {**BODY, "pipeline": "other"}, headers={"Idempotency-Key": "order-7"}
    )

    assert response.status == 422
    assert [item["pipeline"] for item in table.scan()["Items"]] == ["resize"]


def test_two_callers_may_use_the_same_idempotency_key(api: "Api") -> None:
    first = api("POST", "/jobs", BODY, headers={"Idempotency-Key": "order-7"})
    api.api_key_id = "key-2"
    second = api("POST", "/jobs", BODY, headers={"Idempotency-Key": "order-7"})

    assert second.status == 201
    assert second.body["job_id"] != first.body["job_id"]


def test_a_create_that_botocore_sends_twice_is_one_create(api: "Api", table: "Table") -> None:
    def create() -> "HttpResponse":
        headers = {"Idempotency-Key": "order-7"}
        return api("POST", "/jobs", BODY, headers=headers, invocation_id="invocation-1")

    first, second = create(), create()

    assert (first.status, second.status) == (201, 201)
    assert "Idempotency-Replayed" not in second.headers
    assert len(table.scan()["Items"]) == 1


@pytest.mark.parametrize("key", ["", "with space", "x" * 256, "naïve"])
def test_an_invalid_idempotency_key_is_refused(key: str, api: "Api", table: "Table") -> None:
    assert api("POST", "/jobs", BODY, headers={"Idempotency-Key": key}).status == 400
    assert table.scan()["Items"] == []


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"input_uri": "s3://in/1"}, "/pipeline"),
        ({**BODY, "pipeline": "Not A Name"}, "/pipeline"),
        ({**BODY, "pipeline": "resize\n"}, "/pipeline"),
        ({**BODY, "input_uri": "file:///etc/passwd"}, "/input_uri"),
        ({**BODY, "input_uri": "s3://" + "x" * 2044}, "/input_uri"),
        ({**BODY, "input_uri": "s3://in/1\n"}, "/input_uri"),
        ({**BODY, "input_uri": "s3://in/\u00a0"}, "/input_uri"),
        ({**BODY, "parameters": []}, "/parameters"),
        ({**BODY, "a/b~c": 1}, "/a~1b~0c"),
        ({**BODY, "job_id": "mine"}, "/job_id"),
        ([], ""),
        ("null", ""),
    ],
)
def test_an_invalid_body_is_refused_with_a_pointer_to_the_error(
    body: object, pointer: str, api: "Api", table: "Table"
) -> None:
    response = api("POST", "/jobs", body)

    assert response.status == 400
    assert response.headers["Content-Type"] == "application/problem+json"
    assert pointer in [error["pointer"] for error in response.body["errors"]]
    assert table.scan()["Items"] == []


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        '{"pipeline": "resize", "input_uri": "s3://in/1", "parameters": {"x": NaN}}',
        '{"pipeline": "resize", "input_uri": "s3://in/1", "parameters": {"x": 1e999}}',
        '{"pipeline": "resize", "input_uri": "s3://in/\\ud800"}',
        "[" * 20_000,
    ],
)
def test_a_body_that_is_not_json_is_refused(text: str, api: "Api", table: "Table") -> None:
    assert api("POST", "/jobs", text).status == 400
    assert table.scan()["Items"] == []


def _nested(levels: int) -> dict[str, Any]:
    parameters: dict[str, Any] = {}
    for _ in range(levels - 1):
        parameters = {"x": parameters}
    return parameters


def test_a_body_may_be_64_levels_deep_but_not_deeper(api: "Api") -> None:
    response = api("POST", "/jobs", {**BODY, "parameters": _nested(63)})
    assert response.status == 201
    assert api("PATCH", "/" + response.headers["Location"], {"status": "RUNNING"}).status == 200

    for levels in (64, 300, 700):
        assert api("POST", "/jobs", {**BODY, "parameters": _nested(levels)}).status == 400


def _parameters(size: int) -> dict[str, Any]:
    return {"x": "y" * (size - len('{"x":""}'))}


def test_parameters_may_have_16_kib_but_not_a_byte_more(api: "Api") -> None:
    assert api("POST", "/jobs", {**BODY, "parameters": _parameters(16_384)}).status == 201

    response = api("POST", "/jobs", {**BODY, "parameters": _parameters(16_385)})

    assert response.status == 422
    assert response.body["errors"][0]["pointer"] == "/parameters"


def test_a_body_over_32_kib_is_too_large(api: "Api") -> None:
    assert api("POST", "/jobs", " " * 32_769).status == 413


def test_a_body_of_another_media_type_is_refused(api: "Api") -> None:
    response = api("POST", "/jobs", BODY, headers={"Content-Type": "text/plain"})

    assert response.status == 415


def test_parameters_come_back_unchanged(api: "Api") -> None:
    parameters = {"deep": [[[{"n": 12345678901234567890123456789012345678901234567890}]]], "f": 1.5}
    response = api("POST", "/jobs", {**BODY, "parameters": parameters})

    assert api("GET", "/" + response.headers["Location"]).body["parameters"] == parameters
