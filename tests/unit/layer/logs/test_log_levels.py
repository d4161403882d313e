"""Log levels: a refusal is one WARNING, a failure one ERROR; all other lines are INFO."""

import json
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import pytest

from common.aws.clients import client
from common.crud.entity import Entity
from infra.spec.service import SERVICE_NAME
from local.lambda_runtime import buckets
from tests.support.entities import (
    ENTITY,
    EXAMPLES,
    create,
    create_deletable,
    first_change,
    path_of,
)
from tests.support.specimen import SPECIMEN
from tests.support.specimen.examples import EXAMPLES as SPECIMENS
from tests.unit.conftest import Api

Send = Callable[["Api", str], Any]
REQUESTS: dict[str, tuple[HTTPStatus, Send]] = {
    "create": (HTTPStatus.CREATED, lambda api, _: api("POST", ENTITY.path, EXAMPLES.least)),
    "read": (HTTPStatus.OK, lambda api, path: api("GET", path)),
    "list": (HTTPStatus.OK, lambda api, _: api("GET", ENTITY.path)),
    "change": (HTTPStatus.OK, lambda api, path: api("PATCH", path, first_change().body)),
    "delete": (HTTPStatus.NO_CONTENT, lambda api, path: api("DELETE", path)),
    "invalid body": (HTTPStatus.BAD_REQUEST, lambda api, _: api("POST", ENTITY.path, [])),
    "unknown item": (HTTPStatus.NOT_FOUND, lambda api, _: api("GET", f"{ENTITY.path}/unknown")),
    "old version": (
        HTTPStatus.PRECONDITION_FAILED,
        lambda api, path: api("DELETE", path, headers={"If-Match": '"9"'}),
    ),
    "too large": (
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        lambda api, _: api("POST", ENTITY.path, "x" * 40_000),
    ),
    "wrong media type": (
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        lambda api, _: api(
            "POST", ENTITY.path, EXAMPLES.least, headers={"Content-Type": "text/plain"}
        ),
    ),
}
REQUESTS_OF_SPECIMENS: dict[str, tuple[HTTPStatus, Send]] = {
    "wrong status": (HTTPStatus.CONFLICT, lambda api, path: api("PATCH", path, {"name": "x"})),
    "broken rule": (
        HTTPStatus.UNPROCESSABLE_ENTITY,
        lambda api, path: api("PATCH", path, {"status": "LOST"}),
    ),
}
each_request = pytest.mark.parametrize(
    ("entity", "name"),
    [
        *(pytest.param(None, name, id=name) for name in REQUESTS),
        *(pytest.param(SPECIMEN, name, id=name) for name in REQUESTS_OF_SPECIMENS),
    ],
)


def _prepare(entity: Entity | None, name: str) -> tuple["Api", str, HTTPStatus, Send]:
    """Return a caller, the path of an item that takes the request, the answer and the request."""
    api = Api(entity=entity)
    if entity is None:
        item = create_deletable(api) if name == "delete" else create(api)
        return api, path_of(item), *REQUESTS[name]
    item = api("POST", entity.path, SPECIMENS.least).body
    return api, f"{entity.path}/{item[entity.id_field]}", *REQUESTS_OF_SPECIMENS[name]


def _above_info(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    return [line for line in lines if "_aws" not in line and line["level"] != "INFO"]


def _messages(lines: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(line["message"], line["level"]) for line in lines]


@pytest.mark.mission("Log all operations with appropriate severity levels")
@each_request
def test_a_success_logs_only_info_and_a_refusal_one_warning(
    entity: Entity | None, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    api, path, status, send = _prepare(entity, name)
    capsys.readouterr()
    assert send(api, path).status == status

    expected = [("request", "WARNING")] if status >= HTTPStatus.BAD_REQUEST else []
    assert _messages(_above_info(capsys)) == expected


@pytest.mark.mission("Log all operations with appropriate severity levels")
@each_request
def test_a_failure_logs_one_error_with_a_stack_trace(
    entity: Entity | None, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    api, path, _, send = _prepare(entity, name)
    Api()("GET", ENTITY.path)  # Caches the configuration.
    # Enough time to ship the log lines, but not for a single call of DynamoDB.
    api.remaining_ms = 5_000
    capsys.readouterr()
    response = send(api, path)

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
    api("GET", ENTITY.path)

    assert _messages(_above_info(capsys)) == [("log lines not archived", "WARNING")]
    buckets.create_bucket(client("s3"), "archive")
    api("GET", ENTITY.path)


def test_a_failed_refresh_of_a_parameter_logs_a_warning(
    api: "Api", capsys: pytest.CaptureFixture[str]
) -> None:
    client("ssm").delete_parameter(Name=f"/{SERVICE_NAME}/test/config")
    assert api("GET", ENTITY.path).status == HTTPStatus.OK

    assert _messages(_above_info(capsys)) == [("parameter not refreshed", "WARNING")]
