"""The named queries: the rows that they return, and the files that they open."""

import gzip
import json
import re
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from common.crud.entity import Entity
from common.entities import ENTITIES
from infra.spec.log_archive import COLUMNS, hour_folder, named_queries
from tests.support.entities import ENTITY
from tests.support.logs.athena import Athena, QueryFailed

NOW = datetime.now(UTC)
Write = Callable[..., dict[str, Any]]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Archives a line that was logged some time ago, and returns it."""

    def write(ago: timedelta = timedelta(0), *, function: str = "read", **fields: Any) -> Any:
        at = NOW - ago
        line = {
            "timestamp": at.isoformat(timespec="milliseconds"),
            "level": "INFO",
            "message": "request",
            "request_id": str(uuid.uuid4()),
            **fields,
        }
        assert line.keys() <= COLUMNS.keys()
        _archive(tmp_path, function, at, gzip.compress(json.dumps(line).encode() + b"\n"))
        return line

    return write


def _archive(archive: Path, function: str, at: datetime, content: bytes) -> None:
    where = archive / hour_folder(function, at)
    where.mkdir(parents=True, exist_ok=True)
    (where / f"{uuid.uuid4()}.jsonl.gz").write_bytes(content)


def _history(entity: Entity) -> str:
    """Return the name of the query for an item's history."""
    return f"{entity.noun.replace(' ', '-')}-history"


def _day(ago: timedelta = timedelta(0)) -> str:
    return f"{NOW - ago:%Y-%m-%d}"


def test_errors_returns_those_of_the_last_24_hours_newest_first(
    write: Write, tmp_path: Path
) -> None:
    older = write(timedelta(hours=23), level="ERROR", status=503, exception_name="Unavailable")
    newer = write(level="ERROR", function="create", status=500, route=f"POST {ENTITY.path}")
    write(timedelta(hours=25), level="ERROR", status=500)
    write(level="WARNING", status=404)
    write(status=200)

    rows = Athena(tmp_path)("errors")

    assert [row["request_id"] for row in rows] == [newer["request_id"], older["request_id"]]
    assert [row["function"] for row in rows] == ["create", "read"]
    assert rows[0]["route"] == f"POST {ENTITY.path}"
    assert rows[1]["exception_name"] == "Unavailable"


def test_request_returns_all_lines_of_a_request_and_no_others(write: Write, tmp_path: Path) -> None:
    first = write(timedelta(minutes=1), message=f"{ENTITY.noun} created")
    second = write(request_id=first["request_id"], status=201)
    write(status=201)

    rows = Athena(tmp_path)("request", _day(timedelta(days=1)), _day(), first["request_id"])

    assert [row["message"] for row in rows] == [f"{ENTITY.noun} created", "request"]
    assert [row["status"] for row in rows] == [None, second["status"]]
    assert rows[0].keys() >= COLUMNS.keys()


@pytest.mark.parametrize("entity", ENTITIES, ids=lambda entity: entity.plural)
def test_the_history_returns_the_lines_of_an_item_from_its_creation_on(
    entity: Entity, write: Write, tmp_path: Path
) -> None:
    ages = [timedelta(days=3), timedelta(days=2), timedelta(hours=1)]
    messages = [f"{entity.noun} {event}" for event in ("created", "changed", "ended")]
    fields = {entity.id_field: "i", **dict.fromkeys(entity.filters, "f")}
    for age, message in zip(ages, messages, strict=True):
        write(age, function="update", message=message, **fields)
        write(age, message=message, **{entity.id_field: "another"})

    rows = Athena(tmp_path)(_history(entity), _day(ages[0]), "i")

    assert [row["message"] for row in rows] == messages


def test_slowest_routes_ranks_the_last_24_hours_by_p99(write: Write, tmp_path: Path) -> None:
    for latency in range(1, 101):
        write(route=f"GET {ENTITY.path}", latency_ms=float(latency), status=200)
    write(route=f"POST {ENTITY.path}", latency_ms=5_000.5, status=503)
    write(timedelta(hours=25), route=f"GET {ENTITY.path}", latency_ms=60_000.0, status=200)
    write(route=f"GET {ENTITY.path}", message="parameter not refreshed")

    slowest, other = Athena(tmp_path)("slowest-routes")

    assert slowest == {
        "route": f"POST {ENTITY.path}",
        "requests": 1,
        **dict.fromkeys(("p50", "p95", "p99"), 5_000.5),
    }
    assert (other["route"], other["requests"]) == (f"GET {ENTITY.path}", 100)
    assert other["p50"] == pytest.approx(50, abs=2)
    assert other["p95"] == pytest.approx(95, abs=2)
    assert other["p99"] == pytest.approx(99, abs=2)


def test_no_query_opens_files_of_other_days(write: Write, tmp_path: Path) -> None:
    ids = {entity.id_field: "i" for entity in ENTITIES}
    line = write(**ids, route=f"GET {ENTITY.path}", latency_ms=1.0, level="ERROR")
    for days in (3, 400):
        for function in ("read", "create"):
            _archive(tmp_path, function, NOW - timedelta(days=days), b"cannot be read")
    athena = Athena(tmp_path)
    parameters = {
        "request": (_day(), _day(), line["request_id"]),
        **{_history(entity): (_day(), "i") for entity in ENTITIES},
    }

    for query in named_queries():
        assert len(athena(query.name, *parameters.get(query.name, ()))) == 1
    for entity in ENTITIES:
        with pytest.raises(QueryFailed, match="GZIP"):
            athena(_history(entity), _day(timedelta(days=3)), "i")


@pytest.mark.parametrize("query", named_queries(), ids=lambda query: query.name)
def test_every_query_is_described_and_restricts_the_date(query: Any) -> None:
    assert re.search(r'^WHERE "date" ', query.sql, re.MULTILINE)
    assert query.description
    assert ("?" in query.sql) == ("'2026-01-31'" in query.description)
