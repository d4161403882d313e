"""Log levels: a refusal is one WARNING, a failure one ERROR; all other lines are INFO."""

import json
from collections.abc import Callable
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import pytest

from common.aws.clients import client
from infra.spec.service import SERVICE_NAME
from local.lambda_runtime import buckets

if TYPE_CHECKING:
    from tests.unit.conftest import Api

NEW = {"pipeline": "resize", "input_uri": "s3://in/1.png"}

Send = Callable[["Api", str], Any]
REQUESTS: dict[str, tuple[HTTPStatus, Send]] = {
    "create": (HTTPStatus.CREATED, lambda api, _: api("POST", "/jobs", NEW)),
    "read": (HTTPStatus.OK, lambda api, path: api("GET", path)),
    "list": (HTTPStatus.OK, lambda api, _: api("GET", "/jobs")),
    "start": (HTTPStatus.OK, lambda api, path: api("PATCH", path, {"status": "RUNNING"})),
    "delete": (HTTPStatus.NO_CONTENT, lambda api, path: api("DELETE", path)),
    "empty body": (HTTPStatus.BAD_REQUEST, lambda api, _: api("POST", "/jobs", {})),
    "unknown job": (HTTPStatus.NOT_FOUND, lambda api, _: api("GET", "/jobs/unknown")),
    "wrong status": (HTTPStatus.CONFLICT, lambda api, path: api("PATCH", path, {"progress": 1})),
    "old version": (
        HTTPStatus.PRECONDITION_FAILED,
        lambda api, path: api("DELETE", path, headers={"If-Match": '"9"'}),
    ),
    "too large": (
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        lambda api, _: api("POST", "/jobs", "x" * 40_000),
    ),
    "wrong media type": (
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        lambda api, _: api("POST", "/jobs", NEW, headers={"Content-Type": "text/plain"}),
    ),
    "missing error": (
        HTTPStatus.UNPROCESSABLE_ENTITY,
        lambda api, path: api("PATCH", path, {"status": "FAILED"}),
    ),
}


def _above_info(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    return [line for line in lines if "_aws" not in line and line["level"] != "INFO"]


def _messages(lines: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(line["message"], line["level"]) for line in lines]


@pytest.mark.mission("Log all operations with appropriate severity levels")
@pytest.mark.parametrize("name", REQUESTS)
def test_a_success_logs_only_info_and_a_refusal_one_warning(
    name: str, new_job: dict[str, Any], api: "Api", capsys: pytest.CaptureFixture[str]
) -> None:
    status, send = REQUESTS[name]
    capsys.readouterr()
    assert send(api, f"/jobs/{new_job['job_id']}").status == status

    expected = [("request", "WARNING")] if status >= HTTPStatus.BAD_REQUEST else []
    assert _messages(_above_info(capsys)) == expected


@pytest.mark.mission("Log all operations with appropriate severity levels")
@pytest.mark.parametrize("name", REQUESTS)
def test_a_failure_logs_one_error_with_a_stack_trace(
    name: str,
    new_job: dict[str, Any],
    api: "Api",
    capsys: pytest.CaptureFixture[str],
) -> None:
    api("GET", "/jobs")  # Caches the configuration.
    # Enough time to ship the log lines, but not for a single call of DynamoDB.
    api.remaining_ms = 5_000
    capsys.readouterr()
    response = REQUESTS[name][1](api, f"/jobs/{new_job['job_id']}")

    # Requests that are refused before DynamoDB is called are still refused.
    (line,) = _above_info(capsys)
    if response.status == HTTPStatus.SERVICE_UNAVAILABLE:
        assert (line["message"], line["level"]) == ("request", "ERROR")
        assert "Traceback" in line["exception"]
    else:
        assert response.status < HTTPStatus.INTERNAL_SERVER_ERROR
        assert line["level"] == "WARNING"


def test_a_failed_upload_of_log_lines_logs_a_warning(
    api: "Api", capsys: pytest.CaptureFixture[str]
) -> None:
    client("s3").delete_bucket(Bucket="archive")
    api("GET", "/jobs")

    assert _messages(_above_info(capsys)) == [("log lines not archived", "WARNING")]
    buckets.create_bucket(client("s3"), "archive")
    api("GET", "/jobs")


def test_a_failed_refresh_of_a_parameter_logs_a_warning(
    api: "Api", capsys: pytest.CaptureFixture[str]
) -> None:
    client("ssm").delete_parameter(Name=f"/{SERVICE_NAME}/test/config")
    assert api("GET", "/jobs").status == HTTPStatus.OK

    assert _messages(_above_info(capsys)) == [("parameter not refreshed", "WARNING")]
