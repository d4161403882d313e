"""Searches the archived log lines of a deployment in S3."""

import gzip
import heapq
import json
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from itertools import count, islice
from typing import Any, NamedTuple

from common.entities import ENTITIES
from infra.spec.log_archive import function_prefix, hour_folder
from infra.spec.routes import FUNCTIONS, Function

SHIPPED_WITHIN = timedelta(hours=1)
"""The longest time between a line and its upload that a search allows for. A busy function uploads
every few seconds; one that Lambda has frozen uploads when it thaws or ends."""

_CONNECTIONS = 10
"""The number of connections that a boto3 client keeps open."""

_HOUR = timedelta(hours=1)

_CLOCK_SKEW = timedelta(minutes=1)
"""The largest difference assumed between the clocks of Lambda and S3."""


class Level(StrEnum):
    """The severity of a log line, in ascending order."""

    INFO = "INFO"
    WARNING = "WARNING"
    ERROR = "ERROR"
    CRITICAL = "CRITICAL"


_AT_LEAST = {level: frozenset(list(Level)[n:]) for n, level in enumerate(Level)}


_ID_FIELDS = [entity.id_field for entity in ENTITIES]


@dataclass(frozen=True)
class LogFilter:
    """The conditions that a log line must meet."""

    since: datetime
    """The earliest time, in UTC."""

    until: datetime
    """The latest time, in UTC."""

    functions: tuple[Function, ...] = FUNCTIONS
    """The functions that may have written the line."""

    level: Level = Level.INFO
    """The lowest severity."""

    status: str = ""
    """The HTTP status or its first digits, such as ``404`` or ``5``."""

    item_id: str = ""
    """The id of the item that the line names."""

    fields: Mapping[str, str] = field(default_factory=dict)
    """Further fields and their values."""

    text: str = ""
    """A text that the line contains, regardless of case."""

    def matches(self, line: str, record: Mapping[str, Any], time: datetime) -> bool:
        """Return whether a line meets all conditions.

        Args:
            line: The line.
            record: The line, parsed.
            time: The line's timestamp.
        """
        return (
            self.since <= time <= self.until
            and self.text.lower() in line.lower()
            and record["level"] in _AT_LEAST[self.level]
            and str(record.get("status", "")).startswith(self.status)
            and (not self.item_id or self.item_id in map(record.get, _ID_FIELDS))
            and all(record.get(name) == value for name, value in self.fields.items())
        )


class _Match(NamedTuple):
    """A matching line. Matches sort by time; within a millisecond they keep their logged order."""

    time: datetime
    number: int
    line: str


class LogArchive:
    """The archived log lines of a deployment.

    Args:
        s3: A boto3 client.
        bucket: The name of the archive's bucket.
    """

    def __init__(self, s3: Any, bucket: str) -> None:
        self._s3 = s3
        self._bucket = bucket

    def keys(self, conditions: LogFilter) -> list[str]:
        """Return the keys of all objects that may hold matching lines, by upload time.

        Raises:
            ClientError, BotoCoreError: The bucket cannot be listed.
        """
        with ThreadPoolExecutor(len(FUNCTIONS)) as pool:
            keys_by_function = pool.map(
                lambda function: self._keys_of(function, conditions), conditions.functions
            )
            return sorted((key for keys in keys_by_function for key in keys), key=_upload_order)

    def _keys_of(self, function: Function, conditions: LogFilter) -> list[str]:
        end = hour_folder(function, conditions.until + SHIPPED_WITHIN + _HOUR)
        keys: list[str] = []
        # Keys sort by time, so this lists only the hours that matter.
        for page in self._s3.get_paginator("list_objects_v2").paginate(
            Bucket=self._bucket,
            Prefix=function_prefix(function),
            StartAfter=hour_folder(function, conditions.since),
        ):
            for entry in page.get("Contents", []):
                if entry["Key"] >= end:
                    return keys
                if entry["LastModified"] >= conditions.since - _CLOCK_SKEW:
                    keys.append(entry["Key"])
        return keys

    def lines(
        self,
        keys: list[str],
        conditions: LogFilter,
        on_object: Callable[[], None] = lambda: None,
    ) -> Iterator[str]:
        """Yield the matching lines of the objects by time, each as soon as its place is certain.

        Args:
            keys: The keys of the objects, by upload time.
            conditions: The conditions that a line must meet.
            on_object: Called after each object has been searched.

        Raises:
            ClientError, BotoCoreError: An object cannot be read.
        """
        pending: list[_Match] = []
        numbers = count()
        for key, lines in zip(keys, self._read_in_parallel(keys), strict=True):
            # Later objects hold no line from before this time.
            certain_until = _upload_hour(key) - SHIPPED_WITHIN
            while pending and pending[0].time < certain_until:
                yield heapq.heappop(pending).line
            for line in lines:
                record = json.loads(line)
                time = datetime.fromisoformat(record["timestamp"])
                if conditions.matches(line, record, time):
                    heapq.heappush(pending, _Match(time, next(numbers), line))
            on_object()
        while pending:
            yield heapq.heappop(pending).line

    def _read_in_parallel(self, keys: Iterable[str]) -> Iterator[list[str]]:
        remaining = iter(keys)
        with ThreadPoolExecutor(_CONNECTIONS) as pool:
            reads = deque(
                pool.submit(self._read, key) for key in islice(remaining, 2 * _CONNECTIONS)
            )
            while reads:
                yield reads.popleft().result()
                reads.extend(pool.submit(self._read, key) for key in islice(remaining, 1))

    def _read(self, key: str) -> list[str]:
        body = self._s3.get_object(Bucket=self._bucket, Key=key)["Body"].read()
        # Only "\n" ends a line. JSON may contain the other separators that splitlines() knows.
        return gzip.decompress(body).decode().removesuffix("\n").split("\n")


def _upload_order(key: str) -> str:
    """Return the part of a key that orders the objects of all functions by upload time."""
    return key.split("/", 2)[2]


def _upload_hour(key: str) -> datetime:
    # A name may hold a slash: before the key had Lambda's id, a caller could choose a part of it.
    date, hour, _ = _upload_order(key).split("/", 2)
    return datetime.strptime(date + hour, "date=%Y-%m-%dhour=%H").replace(tzinfo=UTC)
