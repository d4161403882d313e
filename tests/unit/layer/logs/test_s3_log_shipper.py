"""The S3 log shipper."""

import gzip
import time

import pytest
from botocore.exceptions import EndpointConnectionError
from botocore.stub import Stubber

from common.aws.clients import client
from common.logs.s3_log_shipper import FLUSH_BYTES, LogShipper
from local.lambda_runtime import buckets
from tests.support.http.sdk_answers import answers


def _shipper(
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


def _error(code: str) -> bytes:
    return f"<Error><Code>{code}</Code><Message>secret</Message></Error>".encode()


def test_all_lines_are_uploaded_once_in_one_object() -> None:
    shipper = _shipper()
    shipper.add("one")
    shipper.add("zwölf")

    assert shipper.ship("invocation-1").objects == 1
    assert shipper.ship("invocation-2").objects == 0
    assert _objects() == ["one\nzwölf\n".encode()]


def test_without_lines_no_object_is_uploaded() -> None:
    shipper = _shipper()

    assert not shipper.due
    shipper.ship("invocation-1")
    assert _objects() == []


def test_lines_stay_in_the_buffer_until_s3_accepts_them() -> None:
    shipper = _shipper()
    client("s3").delete_bucket(Bucket="archive")
    shipper.add("one")
    assert shipper.ship("invocation-1").error == "NoSuchBucket"
    assert shipper.waiting == 1

    buckets.create_bucket(client("s3"), "archive")
    shipper.add("two")
    shipper.ship("invocation-2")

    assert _objects() == [b"one\n", b"two\n"]
    assert shipper.waiting == 0


def test_a_quiet_function_ships_at_once_and_a_busy_one_once_per_interval() -> None:
    shipper = _shipper(flush_seconds=60)
    shipper.add("one")
    assert shipper.due
    shipper.ship("invocation-1")

    shipper.add("two")

    assert not shipper.due


def test_lines_are_due_when_the_interval_is_over() -> None:
    shipper = _shipper(flush_seconds=0)
    shipper.add("one")
    shipper.ship("invocation-1")

    shipper.add("two")

    assert shipper.due


def test_many_lines_do_not_wait_for_the_interval() -> None:
    shipper = _shipper(flush_seconds=60)
    shipper.add("one")
    shipper.ship("invocation-1")

    shipper.add("x" * FLUSH_BYTES)

    assert shipper.due


def test_many_lines_wait_for_the_interval_while_s3_fails() -> None:
    shipper = _shipper("missing", flush_seconds=60)
    shipper.add("one")
    shipper.ship("invocation-1")

    shipper.add("x" * FLUSH_BYTES)

    assert not shipper.due


def test_a_full_buffer_drops_the_oldest_lines_and_counts_them() -> None:
    shipper = _shipper(max_bytes=10)
    for line in ("aaaa", "bbbb", "cccc"):
        shipper.add(line)

    shipment = shipper.ship("invocation-1")

    assert shipment.dropped == 1
    assert _objects() == [b"bbbb\ncccc\n"]
    assert shipper.ship("invocation-2").dropped == 0


def test_lines_dropped_after_the_last_attempt_are_counted_too() -> None:
    shipper = _shipper("missing", max_bytes=10)
    shipper.add("aaaa")
    assert shipper.ship("invocation-1").dropped == 0

    for line in ("bbbb", "cccc", "dddd"):
        shipper.add(line)

    assert shipper.take_dropped() == 1
    assert shipper.take_dropped() == 0


def test_while_s3_fails_every_line_is_either_waiting_or_counted_as_dropped() -> None:
    shipper = _shipper("missing", max_bytes=50)
    dropped = 0
    for number in range(1, 20):
        shipper.add("nine char")
        dropped += shipper.ship(f"request-{number}").dropped
        assert dropped + shipper.waiting == number
    assert dropped > 0


def test_a_batch_that_s3_will_never_accept_is_dropped_and_does_not_block_the_next() -> None:
    shipper = _shipper()
    shipper.add("one")
    with Stubber(client("s3")) as s3:
        s3.add_client_error("put_object", "KeyTooLongError", http_status_code=400)
        shipment = shipper.ship("invocation-1")
    assert (shipment.objects, shipment.error, shipment.dropped) == (0, "KeyTooLongError", 1)
    assert shipper.waiting == 0

    shipper.add("two")
    assert shipper.ship("invocation-2").objects == 1
    assert _objects() == [b"two\n"]


@pytest.mark.parametrize(
    ("status", "body"),
    [
        *((400, _error(code)) for code in ("InvalidArgument", "EntityTooLarge", "NotYetKnown")),
        *((400, body) for body in (b"", b"<html></html>", b"<Error><Code>Inv", b"{}", b"\xff")),
        (400, b"<Error><Message>no code</Message></Error>"),
        *((status, b"") for status in (405, 411, 412, 413, 414, 416, 417, 431)),
    ],
)
def test_a_refusal_of_the_batch_itself_drops_it_and_the_lines_after_it_arrive(
    status: int, body: bytes
) -> None:
    shipper = _shipper()
    shipper.add("one")
    shipper.add("two")
    with answers("s3", status, body):
        shipment = shipper.ship("invocation-1")
    assert (shipment.objects, shipment.dropped, shipper.waiting) == (0, 2, 0)
    assert shipment.error

    shipper.add("three")
    assert shipper.ship("invocation-2").objects == 1
    # Behind the injected answer, moto has stored the refused batch, too.
    assert _objects()[-1] == b"three\n"


@pytest.mark.parametrize(
    ("status", "body", "headers"),
    [
        *((403, _error(code), {}) for code in ("AccessDenied", "RequestTimeTooSkewed")),
        *((404, _error(code), {}) for code in ("NoSuchBucket",)),
        *((400, _error(code), {}) for code in ("ExpiredToken", "InvalidToken", "RequestTimeout")),
        *((400, _error(code), {}) for code in ("KMS.DisabledException", "BadDigest", "SlowDown")),
        *((status, b"", {}) for status in (401, 403, 404, 408, 409, 425, 429, 500, 502, 503)),
        # None of these is an answer of S3. The errors that they cause in botocore are not its own.
        *((301, b"", {}), (307, b"", {"location": "http://elsewhere.example/"})),
        (400, b"<Error><Code><a>b</a></Code></Error>", {}),
        (200, b"<html>", {}),
        (200, b"", {"x-amz-object-size": "large"}),
    ],
)
def test_after_any_other_failure_the_lines_stay_and_arrive_later(
    status: int, body: bytes, headers: dict[str, str]
) -> None:
    shipper = _shipper()
    shipper.add("one")
    with answers("s3", status, body, headers):
        shipment = shipper.ship("invocation-1")
    assert (shipment.objects, shipment.dropped, shipper.waiting) == (0, 0, 1)
    assert shipment.error

    shipper.add("two")
    shipper.ship("invocation-2")
    assert _objects() == [b"one\n", b"two\n"]


def test_an_exception_that_nobody_expects_keeps_the_lines() -> None:
    shipper = _shipper()
    shipper.add("one")

    def break_down(**_: object) -> None:
        raise RuntimeError

    events = client("s3").meta.events
    events.register("before-call.s3.PutObject", break_down)
    try:
        assert shipper.ship("invocation-1").error == "RuntimeError"
    finally:
        events.unregister("before-call.s3.PutObject", break_down)
    assert shipper.ship("invocation-2").objects == 1


def test_the_interval_to_the_next_attempt_begins_when_a_failed_one_has_ended(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shipper = _shipper(flush_seconds=60)
    shipper.add("one")
    now = time.time()

    def time_out(**_: object) -> None:
        monkeypatch.setattr(time, "time", lambda: now + 70)
        raise EndpointConnectionError(endpoint_url="https://s3.example")

    events = client("s3").meta.events
    events.register("before-call.s3.PutObject", time_out)
    try:
        assert shipper.ship("invocation-1").error == "EndpointConnectionError"
    finally:
        events.unregister("before-call.s3.PutObject", time_out)
    assert not shipper.due
    monkeypatch.setattr(time, "time", lambda: now + 129)
    assert not shipper.due
    monkeypatch.setattr(time, "time", lambda: now + 130)
    assert shipper.due
