"""The archive after a session with every kind of log line: complete, typed and queryable."""

import json
import uuid
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from sqlglot import exp

from common.contract import MAX_PAGE_SIZE
from common.entities import ENTITIES
from infra.spec.log_archive import COLUMNS, PREFIX, function_prefix, hour_folder
from infra.spec.routes import FUNCTIONS
from tests.support.deployment.service import Service
from tests.support.entities import (
    ENTITY,
    EXAMPLES,
    create,
    function_for,
    new_body,
    path_of,
)
from tests.support.http.caller import Caller
from tests.support.http.response import HttpResponse
from tests.support.logs.athena import Athena
from tests.support.logs.log_archive import LogArchive
from tests.support.logs.log_groups import log_group_messages
from tests.support.waiting import wait_until


@dataclass
class Session:
    """Requests and their archived log lines."""

    folder: Path
    """A folder with a copy of each object that holds lines of the session, by its key."""

    start: datetime = field(default_factory=lambda: datetime.now(UTC))
    """A time before the first request."""

    responses: dict[str, HttpResponse] = field(default_factory=dict)
    """The responses, by request id."""

    item_id: str = ""
    """The id of an item that was created, changed and deleted."""

    lines: list[str] = field(default_factory=list)
    """The archived lines of the session."""

    def add(self, response: HttpResponse) -> HttpResponse:
        self.responses[response.headers["X-Request-Id"]] = response
        return response

    def contains(self, line: str) -> bool:
        return line.startswith("{") and json.loads(line).get("request_id") in self.responses

    @property
    def records(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.lines]

    def days(self) -> tuple[str, str]:
        """Return the first and the last day of the session."""
        return f"{self.start:%Y-%m-%d}", f"{datetime.now(UTC):%Y-%m-%d}"


@pytest.fixture(scope="module")
def session(service: Service, call: Caller, tmp_path_factory: pytest.TempPathFactory) -> Session:
    session = Session(tmp_path_factory.mktemp("archive"))
    before = set(LogArchive(service).keys_below(PREFIX))
    _complete_a_life(session, call)
    for entity in ENTITIES:
        session.add(call("POST", entity.path, new_body(entity)))
    _cause_failures(session, call, service)
    _copy_archive(session, service, before)
    return session


def _complete_a_life(session: Session, call: Caller) -> None:
    """Take an item through its life, with refused requests."""
    created = session.add(call("POST", ENTITY.path, new_body()))
    session.item_id = created.body[ENTITY.id_field]
    path = path_of(created.body)
    for change in EXAMPLES.life(ends=ENTITY.deletable):
        session.add(call("PATCH", path, change.body))
        session.add(call("PATCH", path, change.body, headers={"If-Match": '"1"'}))
    for method in ("GET", "DELETE", "GET"):
        session.add(call(method, path))
    session.add(call("GET", ENTITY.path))
    statuses = {response.status for response in session.responses.values()}
    assert statuses == {200, 201, 204, 404, 412}


def _cause_failures(session: Session, call: Caller, service: Service) -> None:
    """Cause an internal error, an unreadable configuration, and a failed upload to the archive."""
    writer, reader = function_for("POST"), function_for("GET")
    with service.denied(writer, "dynamodb:PutItem"):
        assert session.add(call("POST", ENTITY.path, new_body())).status == 500
    query = _query_of_one_page(call)
    service.restart(reader)
    with service.denied(reader, "ssm:GetParameter"):
        # A page that holds all items has no cursor, so the key that signs cursors is not needed.
        response = session.add(call("GET", f"{ENTITY.path}?{query or 'limit=1'}"))
    assert response.status == (200 if query else 500)
    with service.denied(writer, "s3:PutObject"):
        assert session.add(call("POST", ENTITY.path, new_body())).status == 201
    assert session.add(call("POST", ENTITY.path, new_body())).status == 201


def _query_of_one_page(call: Caller) -> str | None:
    """Return the parameters of a list that fits on one page; None if there is none."""
    item = create(call)
    filters = [f"{name}={item[name]}" for name in ENTITY.filters]
    for query in (*filters, *(f"status={status}" for status in ENTITY.statuses[::-1])):
        page = f"{query}&limit={MAX_PAGE_SIZE}"
        if "next_cursor" not in call("GET", f"{ENTITY.path}?{page}").body:
            return page
    return None


def _copy_archive(session: Session, service: Service, before: set[str]) -> None:
    archive = LogArchive(service)
    for key in archive.keys_below(PREFIX):
        lines = [] if key in before else archive.lines(key)
        if session_lines := [line for line in lines if session.contains(line)]:
            session.lines += session_lines
            file = session.folder / key
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(archive.get(key))


def test_the_archive_has_each_line_of_the_log_groups_once(
    session: Session, service: Service
) -> None:
    def logged() -> Counter[str]:
        groups = [service.outputs[f"{function.title()}Logs"] for function in FUNCTIONS]
        lines = [line for group in groups for line in set(log_group_messages(service, group))]
        return Counter(line for line in lines if session.contains(line) and "_aws" not in line)

    wait_until(lambda: logged().total() >= len(session.lines))
    assert logged() == Counter(session.lines)
    canonical = Counter(
        record["request_id"] for record in session.records if record["message"] == "request"
    )
    assert canonical == Counter(session.responses.keys())


def test_every_field_has_a_column_of_its_type_and_every_column_is_used(session: Session) -> None:
    messages = {record["message"] for record in session.records}
    events = {f"{ENTITY.noun} {event}" for event in ENTITY.all_events}
    assert messages & events
    assert messages - events == {
        *("request", "parameter not refreshed", "log lines not archived"),
        *(f"{entity.noun} created" for entity in ENTITIES),
        f"{ENTITY.noun} deleted",
    }
    assert {name for record in session.records for name in record} == COLUMNS.keys()
    for record in session.records:
        for name, value in record.items():
            type_ = exp.DataType.build(COLUMNS[name], dialect="hive")
            assert _fits(value, type_), f"{name} is {type_}, not {value!r}"


def _fits(value: Any, type_: exp.DataType) -> bool:
    match type_.this:
        case exp.DataType.Type.STRUCT:
            members = {member.name: member.args["kind"] for member in type_.expressions}
            return value.keys() == members.keys() and all(
                _fits(value[name], kind) for name, kind in members.items()
            )
        case exp.DataType.Type.ARRAY:
            return all(_fits(item, type_.expressions[0]) for item in value)
    kinds = {
        exp.DataType.Type.TEXT: str,
        exp.DataType.Type.INT: int,
        exp.DataType.Type.DOUBLE: float,
        exp.DataType.Type.BOOLEAN: bool,
    }
    return type(value) is kinds[type_.this]


def test_each_named_query_returns_the_matching_lines_of_the_session(session: Session) -> None:
    athena = Athena(session.folder)
    failed = {id_ for id_, response in session.responses.items() if response.status == 500}
    item_records = [
        record for record in session.records if record.get(ENTITY.id_field) == session.item_id
    ]

    errors = athena("errors")
    assert {error["request_id"] for error in errors} == failed
    (error,) = (error for error in errors if error["function"] == function_for("POST"))
    assert error["status"] == 500
    assert error["route"] == f"POST {ENTITY.path}"
    assert "AccessDenied" in error["exception"]

    (line,) = athena("request", *session.days(), error["request_id"])
    assert line["stack_trace"]["frames"][-1]["line"] > 0

    name = f"{ENTITY.noun.replace(' ', '-')}-history"
    history = athena(name, session.days()[0], session.item_id)
    assert Counter(row["message"] for row in history) == Counter(
        record["message"] for record in item_records
    )
    events = [row["message"] for row in history if row["message"] != "request"]
    assert (events[0], events[-1]) == (f"{ENTITY.noun} created", f"{ENTITY.noun} deleted")
    assert [row["timestamp"] for row in history] == sorted(row["timestamp"] for row in history)

    slowest = athena("slowest-routes")
    canonical = [record for record in session.records if record["message"] == "request"]
    assert {row["route"]: row["requests"] for row in slowest} == Counter(
        record["route"] for record in canonical
    )
    p99s = [row["p99"] for row in slowest]
    assert p99s == sorted(p99s, reverse=True)


def test_each_object_is_in_the_folder_of_its_function_and_hour(session: Session) -> None:
    hours = [datetime.now(UTC), datetime.now(UTC) - timedelta(hours=1)]
    folders = {hour_folder(function, hour) for function in FUNCTIONS for hour in hours}
    keys = [file.relative_to(session.folder) for file in session.folder.rglob("*.gz")]
    assert {f"{key.parent}/" for key in keys} <= folders


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_can_only_write_below_its_own_prefix(function: str, service: Service) -> None:
    s3 = service.client_of(function, "s3")
    bucket = service.outputs["ArchiveBucketName"]
    name = f"test/{uuid.uuid4()}"

    s3.put_object(Bucket=bucket, Key=f"{function_prefix(function)}{name}", Body=b"")
    for other in {*FUNCTIONS} - {function}:
        with pytest.raises(ClientError, match="AccessDenied"):
            s3.put_object(Bucket=bucket, Key=f"{function_prefix(other)}{name}", Body=b"")
    with pytest.raises(ClientError, match="AccessDenied"):
        s3.put_object(Bucket=bucket, Key=f"{PREFIX}{name}", Body=b"")
    with pytest.raises(ClientError, match="AccessDenied"):
        s3.get_object(Bucket=bucket, Key=f"{function_prefix(function)}{name}")
    service.client("s3").delete_object(Bucket=bucket, Key=f"{function_prefix(function)}{name}")
