"""WARNING and ERROR lines are where somebody should look, and nowhere else."""

import json
from collections.abc import Callable
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import pytest

from common.aws.clients import client

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
    "no job": (HTTPStatus.BAD_REQUEST, lambda api, _: api("POST", "/jobs", {})),
    "unknown": (HTTPStatus.NOT_FOUND, lambda api, _: api("GET", "/jobs/unknown")),
    "too early": (HTTPStatus.CONFLICT, lambda api, path: api("PATCH", path, {"progress": 1})),
    "outdated": (
        HTTPStatus.PRECONDITION_FAILED,
        lambda api, path: api("DELETE", path, headers={"If-Match": '"9"'}),
    ),
    "too large": (
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        lambda api, _: api("POST", "/jobs", "x" * 40_000),
    ),
    "not JSON": (
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        lambda api, _: api("POST", "/jobs", NEW, headers={"Content-Type": "text/plain"}),
    ),
    "no error": (
        HTTPStatus.UNPROCESSABLE_ENTITY,
        lambda api, path: api("PATCH", path, {"status": "FAILED"}),
    ),
}


def _lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    return [line for line in lines if "_aws" not in line]


@pytest.mark.parametrize("name", REQUESTS)
def test_a_success_is_information_and_a_refusal_one_warning(
    name: str, new_job: dict[str, Any], api: "Api", capsys: pytest.CaptureFixture[str]
) -> None:
    status, send = REQUESTS[name]
    capsys.readouterr()
    assert send(api, f"/jobs/{new_job['job_id']}").status == status

    raised = [line for line in _lines(capsys) if line["level"] != "INFO"]
    expected = [("request", "WARNING")] if status >= HTTPStatus.BAD_REQUEST else []
    assert [(line["message"], line["level"]) for line in raised] == expected


@pytest.mark.parametrize("name", REQUESTS)
def test_a_failure_is_one_error_with_its_stack(
    name: str,
    new_job: dict[str, Any],
    api: "Api",
    capsys: pytest.CaptureFixture[str],
) -> None:
    api("GET", "/jobs")  # The configuration is known from then on.
    # No time for a single call of DynamoDB, only for what comes after it.
    api.remaining_ms = 5_000
    capsys.readouterr()
    answer = REQUESTS[name][1](api, f"/jobs/{new_job['job_id']}")

    raised = [line for line in _lines(capsys) if line["level"] != "INFO"]
    # What is refused before DynamoDB is asked is refused as ever.
    (line,) = raised
    if answer.status == HTTPStatus.SERVICE_UNAVAILABLE:
        assert (line["message"], line["level"]) == ("request", "ERROR")
        assert "Traceback" in line["exception"]
    else:
        assert answer.status < HTTPStatus.INTERNAL_SERVER_ERROR
        assert line["level"] == "WARNING"


def test_lines_that_do_not_reach_the_archive_are_a_warning(
    api: "Api", capsys: pytest.CaptureFixture[str]
) -> None:
    client("s3").delete_bucket(Bucket="archive")
    api("GET", "/jobs")

    raised = [line for line in _lines(capsys) if line["level"] != "INFO"]
    assert [(line["message"], line["level"]) for line in raised] == [
        ("log lines not archived", "WARNING")
    ]
    client("s3").create_bucket(Bucket="archive")
    api("GET", "/jobs")


def test_a_parameter_that_cannot_be_refreshed_is_a_warning(
    api: "Api", capsys: pytest.CaptureFixture[str]
) -> None:
    client("ssm").delete_parameter(Name="/job-ledger/test/config")
    assert api("GET", "/jobs").status == HTTPStatus.OK

    raised = [line for line in _lines(capsys) if line["level"] != "INFO"]
    assert [(line["message"], line["level"]) for line in raised] == [
        ("parameter not refreshed", "WARNING")
    ]
