"""The log lines that people read: all fields, or one row of a terminal."""

import json
from typing import Any

import pytest

from infra.spec.routes import ROUTES
from local import log_format
from local.log_format import readable_lines
from tests.support.entities import ENTITY

REQUEST_ID = "bebaa2b4-21a9-47af-8d1e-844a621c312e"
ANSWER: dict[str, Any] = {
    "level": "INFO",
    "message": "request",
    "timestamp": "2026-11-24T22:00:46.664+00:00",
    "request_id": REQUEST_ID,
    "route": f"PATCH {ENTITY.item_path}",
    "status": 200,
    "latency_ms": 11.44,
    ENTITY.id_field: "8fc95df3-3a85-4f3e-8c86-8f95363582f7",
    "dynamodb_attempts": 1,
    "caller": "d1a3af68",
}
REASON = f"There is no such {ENTITY.noun}."
FAILURE = {**ANSWER, "level": "WARNING", "status": 404, "detail": REASON}
ACCESS = {
    "request_id": REQUEST_ID,
    "time": "1795557646874",
    "method": "GET",
    "route": ENTITY.path,
    "path": f"/dev{ENTITY.path}",
    "status": "403",
    "latency_ms": "0",
    "integration_status": "-",
    "error": "Forbidden",
    "error_type": "INVALID_API_KEY",
    "caller": "-",
    "api_key_id": "-",
}
ACCESS_ELSEWHERE = {
    **ACCESS,
    "route": "/{anything+}",
    "path": "/dev/nowhere/1",
    "status": "404",
    "error": "-",
    "error_type": "-",
}


def show(record: dict[str, Any], width: int | None = None) -> str:
    return "\n".join(text.plain for text in readable_lines([json.dumps(record)], width=width))


@pytest.mark.parametrize("record", [ANSWER, FAILURE, ACCESS, ACCESS_ELSEWHERE])
@pytest.mark.parametrize("width", [40, 80, 100, 140])
def test_a_line_fits_into_a_row(record: dict[str, Any], width: int) -> None:
    row = show(record, width)
    assert len(row) <= width
    assert "\n" not in row


@pytest.mark.parametrize("record", [ANSWER, ACCESS, ACCESS_ELSEWHERE])
def test_the_id_of_the_request_is_worth_more_than_the_alignment(
    record: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_format, "_ROUTE_WIDTH", 36)
    assert REQUEST_ID in show(record, 100)


@pytest.mark.parametrize("record", [ANSWER, ACCESS, ACCESS_ELSEWHERE])
def test_a_row_of_100_columns_names_the_request(record: dict[str, Any]) -> None:
    assert REQUEST_ID in show(record, 100)


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        (FAILURE, REASON),
        (ACCESS, "INVALID_API_KEY"),
        (ACCESS_ELSEWHERE, "by API Gateway"),
    ],
)
def test_a_row_of_80_columns_says_why_a_request_failed(record: dict[str, Any], reason: str) -> None:
    assert reason in show(record, 80)


def test_the_statuses_of_all_routes_are_below_each_other() -> None:
    routes = [f"{route.method} {route.path}" for route in ROUTES]
    rows = [show({**ANSWER, "route": route}, 100) for route in routes]
    assert len({row.index(" 200") for row in rows}) == 1
    assert all(f"{route}  " in row for route, row in zip(routes, rows, strict=True))


def test_without_a_terminal_a_line_has_all_fields() -> None:
    line = show(ANSWER)
    for name in ("request_id", ENTITY.id_field, "dynamodb_attempts", "caller"):
        assert f"{name}={ANSWER[name]}" in line


def test_a_path_without_a_route_is_shown_as_it_was_called() -> None:
    assert "GET /nowhere/1 " in show(ACCESS_ELSEWHERE)


@pytest.mark.parametrize(
    "access",
    [
        {**ACCESS, "status": "404", "integration_status": "200"},
        {**ACCESS, "status": "204", "method": "OPTIONS"},
    ],
)
def test_a_request_that_a_function_logs_or_that_succeeds_is_not_repeated(
    access: dict[str, Any],
) -> None:
    assert show(access) == ""


def test_a_request_of_the_access_log_is_shown_in_the_form_of_a_functions_line() -> None:
    line = show({**ANSWER, "level": "ACCESS", "integration_status": "200"})
    assert f"ACCESS  PATCH {ENTITY.item_path}" in line


def test_the_traceback_of_an_exception_is_shown_below_the_row() -> None:
    row, traceback = show({**FAILURE, "exception": "Traceback"}, 100).split("\n")
    assert len(row) <= 100
    assert traceback == "Traceback"
