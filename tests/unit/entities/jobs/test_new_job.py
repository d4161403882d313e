"""A new job: its fields, their limits, and the lists that show it."""

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

    from tests.unit.conftest import Api

BODY = {"pipeline": "resize", "input_uri": "s3://in/1.png"}


def test_a_new_job_is_pending_at_version_1_and_readable_at_its_location(
    api: "Api",
) -> None:
    response = api("POST", "/jobs", {**BODY, "parameters": {"width": 640, "ratio": 0.5}})

    assert response.status == 201
    assert re.fullmatch(r'"1-[\w-]{8}"', response.headers["ETag"])
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
        '{"pipeline": "resize", "input_uri": "s3://in/1", "parameters": {"x": NaN}}',
        '{"pipeline": "resize", "input_uri": "s3://in/1", "parameters": {"x": 1e999}}',
        '{"pipeline": "resize", "input_uri": "s3://in/\\ud800"}',
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


def test_the_limit_of_parameters_counts_utf_8_and_not_escapes(api: "Api") -> None:
    def send(size: int, *, ensure_ascii: bool) -> int:
        characters, rest = divmod(size - len('{"x":""}'), len("日".encode()))
        body = {**BODY, "parameters": {"x": "日" * characters + "y" * rest}}
        return api("POST", "/jobs", json.dumps(body, ensure_ascii=ensure_ascii)).status

    assert send(16_384, ensure_ascii=False) == 201
    assert send(16_385, ensure_ascii=False) == 422
    # A body has 32 KiB, in which fewer escapes of six bytes fit.
    assert send(15_000, ensure_ascii=True) == 201


def test_an_answer_holds_characters_and_not_escapes(api: "Api") -> None:
    response = api("POST", "/jobs", {**BODY, "parameters": {"名前": "日本 💥"}})

    assert '"parameters":{"名前":"日本 💥"}' in response.text
    assert '"parameters":{"名前":"日本 💥"}' in api("GET", "/" + response.headers["Location"]).text


def test_a_job_with_escapes_that_an_older_version_stored_reads_the_same(
    api: "Api", new_job: dict[str, Any], table: "Table"
) -> None:
    table.update_item(
        Key={"job_id": new_job["job_id"]},
        UpdateExpression="SET #parameters = :text",
        ExpressionAttributeNames={"#parameters": "parameters"},
        ExpressionAttributeValues={":text": '{"\\u540d":"\\u65e5\\ud83d\\udca5","half":"\\ud800"}'},
    )

    response = api("GET", f"/jobs/{new_job['job_id']}")

    assert response.status == 200
    assert '"parameters":{"名":"日💥","half":"\\ud800"}' in response.text


def test_parameters_come_back_unchanged(api: "Api") -> None:
    parameters = {"deep": [[[{"n": 12345678901234567890123456789012345678901234567890}]]], "f": 1.5}
    response = api("POST", "/jobs", {**BODY, "parameters": parameters})

    assert api("GET", "/" + response.headers["Location"]).body["parameters"] == parameters


def test_a_list_leaves_out_the_input_the_parameters_and_the_caller(
    api: "Api", new_job: dict[str, Any]
) -> None:
    (summary,) = api("GET", "/jobs").body["items"]

    assert summary == {
        name: value
        for name, value in new_job.items()
        if name not in {"input_uri", "parameters", "created_by"}
    }


def test_a_list_can_be_filtered_by_pipeline_and_by_both(api: "Api") -> None:
    jobs = [
        api("POST", "/jobs", {**BODY, "pipeline": pipeline}).body
        for pipeline in ("resize", "crop", "resize")
    ]
    api("PATCH", f"/jobs/{jobs[0]['job_id']}", {"status": "RUNNING"})

    def listed(**query: str) -> set[str]:
        return {item["job_id"] for item in api("GET", "/jobs", query=query).body["items"]}

    assert listed(pipeline="resize") == {jobs[0]["job_id"], jobs[2]["job_id"]}
    assert listed(pipeline="resize", status="PENDING") == {jobs[2]["job_id"]}
    assert listed(status="FAILED") == set()


@pytest.mark.parametrize(
    "query",
    [{"status": "DONE"}, {"status": "pending"}, {"pipeline": ""}, {"pipeline": "Not A Name"}],
)
def test_an_invalid_filter_is_refused(query: dict[str, str], api: "Api") -> None:
    response = api("GET", "/jobs", query=query)

    assert response.status == 400
    assert next(iter(query)) in response.body["detail"]


def test_parameters_are_not_logged(api: "Api", capsys: pytest.CaptureFixture[str]) -> None:
    api("POST", "/jobs", {**BODY, "parameters": {"password": "hunter2"}})

    output = capsys.readouterr().out
    assert "hunter2" not in output
    assert "s3://in/1.png" not in output
