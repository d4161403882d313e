"""The search of ``ops logs`` in the archive: the objects that it opens, and the order of lines."""

import gzip
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from common.aws.clients import client
from infra.spec.log_archive import hour_folder
from ops.log_search import Level, LogArchive, LogFilter
from tests.support.entities import ENTITY

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


def _put(function: str, at: datetime, body: bytes, id_: str = "id") -> None:
    key = f"{hour_folder(function, at)}{at:%Y%m%dT%H%M%S%f}Z-{id_}.jsonl.gz"
    client("s3").put_object(Bucket="archive", Key=key, Body=body)


def _ship(at: datetime, *messages: str, function: str = "read", **fields: Any) -> None:
    """Upload lines that were written one after the other in the minute before."""
    lines = [
        {
            "timestamp": (at - MINUTE * (len(messages) - n) / len(messages)).isoformat(),
            "level": "INFO",
            "message": message,
            **fields,
        }
        for n, message in enumerate(messages)
    ]
    _put(function, at, gzip.compress("".join(json.dumps(li) + "\n" for li in lines).encode()))


def _search(since: datetime = NOON, until: datetime = NOON + HOUR, **filters: Any) -> list[str]:
    archive, conditions = LogArchive(client("s3"), "archive"), LogFilter(since, until, **filters)
    lines = archive.lines(archive.keys(conditions), conditions)
    return [json.loads(line)["message"] for line in lines]


def test_lines_come_in_the_order_in_which_they_were_written() -> None:
    _ship(NOON + 20 * MINUTE, "d", function="update")
    _ship(NOON + 10 * MINUTE, "a", "c", function="read")
    _ship(NOON + 10 * MINUTE + MINUTE / 4, "b", function="create")

    assert _search() == ["a", "b", "c", "d"]


def test_lines_of_one_millisecond_stay_in_their_order() -> None:
    at = NOON + MINUTE
    lines = [
        {"timestamp": at.isoformat(), "level": "INFO", "message": message} for message in "zyxw"
    ]
    _put("read", at, gzip.compress("\n".join(map(json.dumps, lines)).encode()))

    assert _search() == ["z", "y", "x", "w"]


def test_a_line_may_contain_a_unicode_line_separator() -> None:
    line = {"timestamp": NOON.isoformat(), "level": "INFO", "message": "one\u2028line"}
    _put("read", NOON, gzip.compress(json.dumps(line, ensure_ascii=False).encode() + b"\n"))

    assert _search() == ["one\u2028line"]


def test_the_name_of_an_object_may_hold_slashes() -> None:
    line = {"timestamp": NOON.isoformat(), "level": "INFO", "message": "found"}
    for id_ in ("a/b", "../date=2020-01-31/hour=09/c"):
        _put("read", NOON, gzip.compress(json.dumps(line).encode() + b"\n"), id_)

    assert _search() == ["found", "found"]


def test_a_line_is_found_even_if_it_was_uploaded_in_the_next_hour() -> None:
    _ship(NOON + HOUR + MINUTE * 3 / 4, "before the hour", "after the hour")
    written = (NOON + 59 * MINUTE).isoformat()
    late = {"timestamp": written, "level": "INFO", "message": "uploaded after thawing"}
    _put("read", NOON + HOUR + 55 * MINUTE, gzip.compress(json.dumps(late).encode()))

    assert _search() == ["uploaded after thawing", "before the hour"]


def test_only_objects_of_the_period_are_opened() -> None:
    _ship(NOON + MINUTE, "found")
    for at in (NOON - MINUTE, NOON - timedelta(days=30), NOON + 3 * HOUR, NOON + 24 * HOUR):
        _put("read", at, b"cannot be read")
    _put("create", NOON, b"cannot be read")

    assert _search(functions=("read",)) == ["found"]
    with pytest.raises(gzip.BadGzipFile):
        _search()


def test_objects_that_are_older_than_the_search_are_not_opened() -> None:
    now = datetime.now(UTC)
    later = now.replace(minute=59, second=59)
    _put("read", now, b"cannot be read")

    assert _search(max(later, now + 5 * MINUTE), later + HOUR) == []


def test_the_first_lines_appear_before_the_last_objects_are_read() -> None:
    _ship(NOON + MINUTE, "early")
    _put("read", NOON + 5 * HOUR, b"cannot be read")
    archive, conditions = LogArchive(client("s3"), "archive"), LogFilter(NOON, NOON + 6 * HOUR)
    searched: list[None] = []

    # Only the next object proves that no earlier line follows.
    _ship(NOON + 4 * HOUR, "late")
    lines = archive.lines(archive.keys(conditions), conditions, lambda: searched.append(None))

    assert json.loads(next(lines))["message"] == "early"
    assert len(searched) == 1
    with pytest.raises(gzip.BadGzipFile):
        next(lines)


@pytest.mark.parametrize(
    ("filters", "messages"),
    [
        ({}, ["registered", "refused", "broken"]),
        ({"level": Level.WARNING}, ["refused", "broken"]),
        ({"level": Level.ERROR}, ["broken"]),
        ({"status": "5"}, ["broken"]),
        ({"status": "404"}, ["refused"]),
        ({"text": "REFUSED"}, ["refused"]),
        ({"text": "in no line"}, []),
        ({"functions": ("create",)}, ["registered"]),
        ({"functions": ("create", "update")}, ["registered", "broken"]),
        ({"fields": {"route": f"GET {ENTITY.path}"}}, []),
        ({"fields": {"request_id": "2"}}, ["refused"]),
        ({"fields": {ENTITY.id_field: "i", "route": f"PUT {ENTITY.item_path}"}}, ["broken"]),
    ],
)
def test_a_filter_keeps_the_matching_lines(filters: dict[str, Any], messages: list[str]) -> None:
    _ship(NOON + MINUTE, "registered", function="create", request_id="1", **{ENTITY.id_field: "i"})
    refused: dict[str, Any] = {"level": "WARNING", "status": 404, "request_id": "2"}
    _ship(NOON + 2 * MINUTE, "refused", route=f"GET {ENTITY.item_path}", **refused)
    broken: dict[str, Any] = {"level": "ERROR", "status": 500, ENTITY.id_field: "i"}
    _ship(NOON + 3 * MINUTE, "broken", function="update", route=f"PUT {ENTITY.item_path}", **broken)

    assert _search(**filters) == messages
