"""The S3 log shipper: buffers the lines that a function logs, and uploads them in batches.

An S3 failure costs no request: the lines stay in the buffer and go with a later upload. When the
buffer is full, the oldest lines are dropped and counted, as are lines that S3 will never accept;
CloudWatch still has them.
"""

import gzip
import threading
import time
from collections import deque
from datetime import UTC, datetime
from typing import NamedTuple

from botocore.exceptions import ClientError

from common.aws.clients import client
from common.aws.outcomes import DEAD_CREDENTIALS, reason

FLUSH_BYTES = 1024 * 1024
"""A buffer of this size is uploaded at once; a storm of requests takes seconds to fill it."""
MAX_BUFFERED_BYTES = 4 * 1024 * 1024

_REFUSED_FOR_NOW_STATUSES = {401, 403, 404, 407, 408, 409, 421, 423, 425, 429}
_REFUSED_FOR_NOW_CODES = {
    *DEAD_CREDENTIALS,
    # The permissions or the bucket are wrong.
    *("AccessDenied", "AuthorizationHeaderMalformed", "NoSuchBucket"),
    # The request was damaged, cut off or one too many.
    *("BadDigest", "IncompleteBody", "RequestTimeout", "SlowDown", "XAmzContentSHA256Mismatch"),
}
"""Refusals that are not the batch's fault: S3 may accept it later.

The errors of the bucket's key, such as ``KMS.DisabledException``, belong here too.
https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
"""


class Shipment(NamedTuple):
    """The result of one attempt to ship."""

    objects: int
    """Objects that were uploaded."""

    error: str | None
    """The error code or the exception's type that kept lines from S3; None if there was none."""

    dropped: int
    """Lines dropped since the last report: the buffer was full, or S3 will never accept them."""


class _Batch(NamedTuple):
    """Lines that are being uploaded.

    A batch keeps its key: when an upload succeeds but its answer is lost, the next attempt
    replaces the object instead of adding a second one with the same lines.
    """

    key: str
    body: bytes
    lines: int


class LogShipper:
    """Ships the log lines of one execution environment.

    Args:
        bucket: The bucket to upload to.
        function: The function's short name; its role may write only under this prefix.
        flush_seconds: The least time between two uploads, however many requests there are.
        max_bytes: The size of the buffer while S3 fails.
    """

    def __init__(
        self,
        bucket: str,
        function: str,
        *,
        flush_seconds: float,
        max_bytes: int = MAX_BUFFERED_BYTES,
    ) -> None:
        self._bucket = bucket
        self._function = function
        self._flush_seconds = flush_seconds
        self._max_bytes = max_bytes
        self._lines: deque[bytes] = deque()
        self._bytes = 0
        self._dropped = 0
        self._failed: _Batch | None = None
        self._attempted = float("-inf")
        self._shipping = threading.Lock()

    def add(self, line: str) -> None:
        """Buffer a line until it is uploaded."""
        encoded = line.encode() + b"\n"
        self._lines.append(encoded)
        self._bytes += len(encoded)
        while self._bytes > self._max_bytes:
            self._bytes -= len(self._lines.popleft())
            self._dropped += 1

    @property
    def waiting(self) -> int:
        """The number of lines that S3 has not confirmed."""
        return len(self._lines) + (self._failed.lines if self._failed else 0)

    def take_dropped(self) -> int:
        """Return the number of lines dropped since the last call."""
        dropped, self._dropped = self._dropped, 0
        return dropped

    @property
    def due(self) -> bool:
        """True when it is time to ship: the interval has passed, or the buffer is large.

        After a failure only the interval counts, or a failing S3 would slow down every request.
        """
        if not self.waiting:
            return False
        # The monotonic clock may stand still while the environment is frozen.
        overdue = time.time() - self._attempted >= self._flush_seconds
        return overdue or (self._bytes >= FLUSH_BYTES and not self._failed)

    def ship(self, invocation_id: str) -> Shipment:
        """Upload every buffered line, as gzip objects of JSON lines.

        Args:
            invocation_id: Lambda's id of the invocation that ships; part of the object's key. It
                is never the request id, which a caller may choose.
        """
        with self._shipping:
            self._attempted = time.time()
            objects, refusal = 0, None
            while batch := self._failed or self._seal(invocation_id):
                self._failed = batch
                try:
                    client("s3").put_object(
                        Bucket=self._bucket,
                        Key=batch.key,
                        Body=batch.body,
                        ContentType="application/gzip",
                    )
                except Exception as error:  # noqa: BLE001 - lost lines must not end the environment
                    why = reason(error)
                    if _refuses_for_ever(error):
                        self._failed, refusal = None, why
                        self._dropped += batch.lines
                        continue
                    # The next attempt is due an interval after this one has ended.
                    self._attempted = time.time()
                    return Shipment(objects, why, self.take_dropped())
                self._failed = None
                objects += 1
            return Shipment(objects, refusal, self.take_dropped())

    def _seal(self, invocation_id: str) -> _Batch | None:
        if not self._lines:
            return None
        lines, self._lines = self._lines, deque()
        self._bytes = 0
        now = datetime.now(UTC)
        return _Batch(
            key=f"logs/function={self._function}/date={now:%Y-%m-%d}/hour={now:%H}/"
            f"{now:%Y%m%dT%H%M%S%f}Z-{invocation_id}.jsonl.gz",
            body=gzip.compress(b"".join(lines), compresslevel=6, mtime=0),
            lines=len(lines),
        )


def _refuses_for_ever(error: Exception) -> bool:
    """Return whether S3 will never accept the batch, which would block all later ones."""
    if not isinstance(error, ClientError):
        return False
    status = error.response["ResponseMetadata"]["HTTPStatusCode"]
    # An answer that is not one of S3 may have no code, or no text as its code.
    code = str(error.response["Error"].get("Code"))
    return (
        400 <= status < 500
        and status not in _REFUSED_FOR_NOW_STATUSES
        and code not in _REFUSED_FOR_NOW_CODES
        and not code.startswith("KMS.")
    )
