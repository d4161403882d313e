"""The S3 log shipper: keeps the lines that a function logs, and ships them as one object.

An S3 failure costs no request: the lines stay and go with the next upload. What no longer
fits is dropped, oldest first, and counted; CloudWatch still has it.
"""

import gzip
from collections import deque
from datetime import UTC, datetime
from typing import NamedTuple

from botocore.exceptions import BotoCoreError, ClientError

from common.aws import DeadlineReached, client

MAX_BUFFERED_BYTES = 4 * 1024 * 1024


class Shipment(NamedTuple):
    """What became of one attempt to ship.

    Args:
        uploaded: Lines that are in S3 now.
        error: The name of the error that kept them from S3, if any.
        dropped: Lines lost for want of room since the last attempt.
    """

    uploaded: int
    error: str | None
    dropped: int


class Archive:
    """The log lines of one execution environment that are not in S3 yet.

    Args:
        bucket: The bucket to ship to.
        function: The function's short name; it may write only under its own prefix.
        max_bytes: The most that the lines may take up while S3 fails.
    """

    def __init__(self, bucket: str, function: str, max_bytes: int = MAX_BUFFERED_BYTES) -> None:
        self._bucket = bucket
        self._function = function
        self._max_bytes = max_bytes
        self._lines: deque[bytes] = deque()
        self._bytes = 0
        self._dropped = 0

    def add(self, line: str) -> None:
        """Keep a line until the next shipment."""
        encoded = line.encode() + b"\n"
        self._lines.append(encoded)
        self._bytes += len(encoded)
        while self._bytes > self._max_bytes:
            self._bytes -= len(self._lines.popleft())
            self._dropped += 1

    def ship(self, request_id: str) -> Shipment:
        """Upload every line kept so far as one gzip object of JSON lines.

        Args:
            request_id: The id of the request that ships; part of the object's key.
        """
        lines = list(self._lines)
        dropped, self._dropped = self._dropped, 0
        if not lines:
            return Shipment(uploaded=0, error=None, dropped=dropped)
        try:
            client("s3").put_object(
                Bucket=self._bucket,
                Key=self._key(datetime.now(UTC), request_id),
                Body=gzip.compress(b"".join(lines), compresslevel=6, mtime=0),
                ContentType="application/gzip",
            )
        except (BotoCoreError, ClientError, DeadlineReached) as error:
            return Shipment(uploaded=0, error=type(error).__name__, dropped=dropped)
        for line in lines:
            self._lines.popleft()
            self._bytes -= len(line)
        return Shipment(uploaded=len(lines), error=None, dropped=dropped)

    def _key(self, now: datetime, request_id: str) -> str:
        return (
            f"logs/function={self._function}/date={now:%Y-%m-%d}/hour={now:%H}/"
            f"{now:%Y%m%dT%H%M%S%f}Z-{request_id}.jsonl.gz"
        )
