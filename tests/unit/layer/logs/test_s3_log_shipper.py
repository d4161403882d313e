"""The S3 log shipper."""

import gzip

from common.aws.clients import client
from common.logs.s3_log_shipper import FLUSH_BYTES, LogShipper


def _archive(
    bucket: str = "archive", *, flush_seconds: float = 0, max_bytes: int = 4_000_000
) -> LogShipper:
    return LogShipper(bucket, "unit", flush_seconds=flush_seconds, max_bytes=max_bytes)


def _objects() -> list[bytes]:
    s3 = client("s3")
    entries = s3.list_objects_v2(Bucket="archive").get("Contents", [])
    return [
        gzip.decompress(s3.get_object(Bucket="archive", Key=entry["Key"])["Body"].read())
        for entry in entries
    ]


def test_all_lines_go_into_one_object_and_are_shipped_once() -> None:
    archive = _archive()
    archive.add("one")
    archive.add("zwölf")

    assert archive.ship("request-1").objects == 1
    assert archive.ship("request-2").objects == 0
    assert _objects() == ["one\nzwölf\n".encode()]


def test_nothing_to_ship_makes_no_object() -> None:
    archive = _archive()

    assert not archive.due
    archive.ship("request-1")
    assert _objects() == []


def test_lines_stay_until_s3_takes_them() -> None:
    archive = _archive()
    client("s3").delete_bucket(Bucket="archive")
    archive.add("one")
    assert archive.ship("request-1").error == "NoSuchBucket"
    assert archive.waiting == 1

    client("s3").create_bucket(Bucket="archive")
    archive.add("two")
    archive.ship("request-2")

    assert _objects() == [b"one\n", b"two\n"]
    assert archive.waiting == 0


def test_a_quiet_function_ships_at_once_and_a_busy_one_once_per_interval() -> None:
    archive = _archive(flush_seconds=60)
    archive.add("one")
    assert archive.due
    archive.ship("request-1")

    archive.add("two")

    assert not archive.due


def test_lines_are_due_when_the_interval_is_over() -> None:
    archive = _archive(flush_seconds=0)
    archive.add("one")
    archive.ship("request-1")

    archive.add("two")

    assert archive.due


def test_many_lines_do_not_wait_for_the_interval() -> None:
    archive = _archive(flush_seconds=60)
    archive.add("one")
    archive.ship("request-1")

    archive.add("x" * FLUSH_BYTES)

    assert archive.due


def test_many_lines_do_wait_while_s3_fails() -> None:
    archive = _archive("missing", flush_seconds=60)
    archive.add("one")
    archive.ship("request-1")

    archive.add("x" * FLUSH_BYTES)

    assert not archive.due


def test_while_s3_fails_the_oldest_lines_make_room_and_are_counted() -> None:
    archive = _archive(max_bytes=10)
    for line in ("aaaa", "bbbb", "cccc"):
        archive.add(line)

    shipment = archive.ship("request-1")

    assert shipment.dropped == 1
    assert _objects() == [b"bbbb\ncccc\n"]
    assert archive.ship("request-2").dropped == 0


def test_a_line_that_makes_room_after_the_last_attempt_is_counted_too() -> None:
    archive = _archive("missing", max_bytes=10)
    archive.add("aaaa")
    assert archive.ship("request-1").dropped == 0

    for line in ("bbbb", "cccc", "dddd"):
        archive.add(line)

    assert archive.take_dropped() == 1
    assert archive.take_dropped() == 0


def test_while_s3_fails_every_line_is_either_waiting_or_counted_as_dropped() -> None:
    archive = _archive("missing", max_bytes=50)
    dropped = 0
    for number in range(1, 20):
        archive.add("nine char")
        dropped += archive.ship(f"request-{number}").dropped
        assert dropped + archive.waiting == number
    assert dropped > 0
