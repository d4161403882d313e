"""The S3 log shipper: keeps the lines that a function logs, and ships them in batches.

An S3 failure costs no request: the lines stay and go with a later upload. What no longer
fits is dropped, oldest first, and counted; CloudWatch still has it.
"""

import gzip
import threading
import time
from collections import deque
from datetime import UTC, datetime
from typing import NamedTuple

from botocore.exceptions import BotoCoreError, ClientError

from common.aws.clients import DeadlineReached, client

FLUSH_BYTES = 1024 * 1024
"""Lines that take up more are shipped at once: more than a request storm logs in some seconds."""
MAX_BUFFERED_BYTES = 4 * 1024 * 1024


class Shipment(NamedTuple):
    """What became of one attempt to ship.

    Args:
        objects: Objects that were uploaded.
        error: The name of the error that kept lines from S3, if any.
        dropped: Lines lost for want of room since somebody was last told.
    """

    objects: int
    error: str | None
    dropped: int


class _Batch(NamedTuple):
    """Lines on their way to S3.

    Their key never changes: when an upload succeeds but its answer is lost, the next attempt
    replaces the object instead of adding a second one with the same lines.
    """

    key: str
    body: bytes
    lines: int


class Archive:
    """The log lines of one execution environment that are not in S3 yet.

    Args:
        bucket: The bucket to ship to.
        function: The function's short name; it may write only under its own prefix.
        flush_seconds: How long lines may wait for more lines. One upload per interval, however
            many requests there are.
        max_bytes: The most that waiting lines may take up while S3 fails.
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
        """Keep a line until it is shipped."""
        encoded = line.encode() + b"\n"
        self._lines.append(encoded)
        self._bytes += len(encoded)
        while self._bytes > self._max_bytes:
            self._bytes -= len(self._lines.popleft())
            self._dropped += 1

    @property
    def waiting(self) -> int:
        """How many lines are not known to be in S3."""
        return len(self._lines) + (self._failed.lines if self._failed else 0)

    def take_dropped(self) -> int:
        """How many lines were dropped since somebody was last told."""
        dropped, self._dropped = self._dropped, 0
        return dropped

    @property
    def due(self) -> bool:
        """Whether it is time to ship.

        After a failure only time makes it so, or S3's troubles would slow down every request.
        """
        if not self.waiting:
            return False
        # Not the monotonic clock: it may stand still while the environment is frozen.
        overdue = time.time() - self._attempted >= self._flush_seconds
        return overdue or (self._bytes >= FLUSH_BYTES and not self._failed)

    def ship(self, request_id: str) -> Shipment:
        """Upload every line kept so far, as gzip objects of JSON lines.

        Args:
            request_id: The id of the request that ships; part of the object's key.
        """
        with self._shipping:
            self._attempted = time.time()
            objects = 0
            while batch := self._failed or self._seal(request_id):
                self._failed = batch
                try:
                    client("s3").put_object(
                        Bucket=self._bucket,
                        Key=batch.key,
                        Body=batch.body,
                        ContentType="application/gzip",
                    )
                except (BotoCoreError, ClientError, DeadlineReached) as error:
                    return Shipment(objects, type(error).__name__, self.take_dropped())
                self._failed = None
                objects += 1
            return Shipment(objects, None, self.take_dropped())

    def _seal(self, request_id: str) -> _Batch | None:
        if not self._lines:
            return None
        lines, self._lines = self._lines, deque()
        self._bytes = 0
        now = datetime.now(UTC)
        return _Batch(
            key=f"logs/function={self._function}/date={now:%Y-%m-%d}/hour={now:%H}/"
            f"{now:%Y%m%dT%H%M%S%f}Z-{request_id}.jsonl.gz",
            body=gzip.compress(b"".join(lines), compresslevel=6, mtime=0),
            lines=len(lines),
        )
