"""The S3 log shipper."""

import gzip

from common.archive import Archive
from common.aws import client


def _objects() -> list[bytes]:
    s3 = client("s3")
    entries = s3.list_objects_v2(Bucket="archive").get("Contents", [])
    return [
        gzip.decompress(s3.get_object(Bucket="archive", Key=entry["Key"])["Body"].read())
        for entry in entries
    ]


def test_all_lines_go_into_one_object_and_are_shipped_once() -> None:
    archive = Archive("archive", "unit")
    archive.add("one")
    archive.add("zwölf")

    assert archive.ship("request-1").uploaded == 2
    assert archive.ship("request-2").uploaded == 0
    assert _objects() == ["one\nzwölf\n".encode()]


def test_nothing_to_ship_makes_no_object() -> None:
    Archive("archive", "unit").ship("request-1")

    assert _objects() == []


def test_lines_stay_until_s3_takes_them() -> None:
    archive = Archive("archive", "unit")
    client("s3").delete_bucket(Bucket="archive")
    archive.add("one")
    assert archive.ship("request-1").error == "NoSuchBucket"

    client("s3").create_bucket(Bucket="archive")
    archive.add("two")
    archive.ship("request-2")

    assert _objects() == [b"one\ntwo\n"]


def test_while_s3_fails_the_oldest_lines_make_room_and_are_counted() -> None:
    archive = Archive("archive", "unit", max_bytes=10)
    for line in ("aaaa", "bbbb", "cccc"):
        archive.add(line)

    shipment = archive.ship("request-1")

    assert shipment.dropped == 1
    assert _objects() == [b"bbbb\ncccc\n"]
    assert archive.ship("request-2").dropped == 0
