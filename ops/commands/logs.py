"""``ops logs``: finds archived log lines, and shows them oldest first."""

import gzip
import heapq
import json
import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from itertools import count, islice
from typing import Annotated, Any, NamedTuple

import typer
from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn

from infra.spec.log_archive import function_prefix, hour_folder
from infra.spec.routes import FUNCTIONS, ROUTES, Function
from local.log_format import readable_lines
from ops import deployment
from ops.options import StageName, a_moment, fail, one_of

SHIPPED_WITHIN = timedelta(hours=1)
"""How much later than a line its object is looked for. A busy function ships every few seconds,
one that Lambda put to sleep when it wakes up or ends."""

_CONNECTIONS = 10
"""As many as a boto3 client keeps open."""
_HOUR = timedelta(hours=1)
_CLOCKS = timedelta(minutes=1)
"""How far the clocks of Lambda and S3 may be apart."""
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


class Level(StrEnum):
    """How bad a line is; the worst comes last."""

    INFO = "INFO"
    WARNING = "WARNING"
    ERROR = "ERROR"
    CRITICAL = "CRITICAL"


_WORSE_OR_EQUAL = {level: frozenset(list(Level)[n:]) for n, level in enumerate(Level)}


class Line(NamedTuple):
    """A log line; lines sort by their time, and those of a millisecond as they were logged."""

    at: datetime
    number: int
    text: str


@dataclass(frozen=True)
class Wanted:
    """The lines to find.

    Args:
        since: The first moment to look at, in UTC.
        until: The last one.
        functions: Who wrote them.
        level: How bad they are at least.
        status: What their HTTP status begins with, such as ``404`` or ``5``.
        fields: What further fields must be.
        text: What they contain, in whatever case.
    """

    since: datetime
    until: datetime
    functions: tuple[Function, ...] = FUNCTIONS
    level: Level = Level.INFO
    status: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)
    text: str = ""

    def fits(self, line: str, record: Mapping[str, Any], at: datetime) -> bool:
        """Whether a line is wanted, given what it says and when it was written."""
        return (
            self.since <= at <= self.until
            and self.text.lower() in line.lower()
            and record["level"] in _WORSE_OR_EQUAL[self.level]
            and str(record.get("status", "")).startswith(self.status)
            and all(record.get(name) == value for name, value in self.fields.items())
        )


class Archive:
    """The archived lines of a deployment.

    Args:
        s3: A boto3 client.
        bucket: The archive's bucket.
    """

    def __init__(self, s3: Any, bucket: str) -> None:
        self._s3 = s3
        self._bucket = bucket

    def objects(self, wanted: Wanted) -> list[str]:
        """The keys of all objects that may hold wanted lines, in the order of their shipment.

        Raises:
            ClientError, BotoCoreError: AWS does not show them.
        """
        with ThreadPoolExecutor(len(FUNCTIONS)) as pool:
            found = pool.map(lambda function: self._objects_of(function, wanted), wanted.functions)
            return sorted((key for keys in found for key in keys), key=_shipment)

    def _objects_of(self, function: Function, wanted: Wanted) -> list[str]:
        last = hour_folder(function, wanted.until + SHIPPED_WITHIN + _HOUR)
        keys: list[str] = []
        # Keys are in the order of time, so this lists the hours that matter and no others.
        for page in self._s3.get_paginator("list_objects_v2").paginate(
            Bucket=self._bucket,
            Prefix=function_prefix(function),
            StartAfter=hour_folder(function, wanted.since),
        ):
            for entry in page.get("Contents", []):
                if entry["Key"] >= last:
                    return keys
                if entry["LastModified"] >= wanted.since - _CLOCKS:
                    keys.append(entry["Key"])
        return keys

    def lines(
        self, keys: list[str], wanted: Wanted, fetched: Callable[[], None] = lambda: None
    ) -> Iterator[str]:
        """The wanted lines in ``keys``, in the order of their time, as soon as that is certain.

        Args:
            keys: The keys of objects, in the order of their shipment.
            wanted: Which lines.
            fetched: Called once for each object that has been looked through.

        Raises:
            ClientError, BotoCoreError: AWS does not give them.
        """
        waiting: list[Line] = []
        number = count()
        for key, lines in zip(keys, self._in_parallel(keys), strict=True):
            # What was shipped from then on was not written much earlier.
            certain = _shipped_from(key) - SHIPPED_WITHIN
            while waiting and waiting[0].at < certain:
                yield heapq.heappop(waiting).text
            for line in lines:
                record = json.loads(line)
                at = datetime.fromisoformat(record["timestamp"])
                if wanted.fits(line, record, at):
                    heapq.heappush(waiting, Line(at, next(number), line))
            fetched()
        while waiting:
            yield heapq.heappop(waiting).text

    def _in_parallel(self, keys: Iterable[str]) -> Iterator[list[str]]:
        left = iter(keys)
        with ThreadPoolExecutor(_CONNECTIONS) as pool:
            ahead = deque(pool.submit(self._get, key) for key in islice(left, 2 * _CONNECTIONS))
            while ahead:
                yield ahead.popleft().result()
                ahead.extend(pool.submit(self._get, key) for key in islice(left, 1))

    def _get(self, key: str) -> list[str]:
        body = self._s3.get_object(Bucket=self._bucket, Key=key)["Body"].read()
        # Only "\n" ends a line; within one, JSON may have any other separator.
        return gzip.decompress(body).decode().removesuffix("\n").split("\n")


def _shipment(key: str) -> str:
    """The part of a key that orders it among those of all functions."""
    return key.split("/", 2)[2]


def _shipped_from(key: str) -> datetime:
    date, hour, _ = _shipment(key).split("/")
    return datetime.strptime(date + hour, "date=%Y-%m-%dhour=%H").replace(tzinfo=UTC)


def _a_while(text: str) -> timedelta:
    parts = re.fullmatch(r"([1-9]\d{0,3})([smhdw])", text)
    if parts is None:
        raise typer.BadParameter(f"{text} is no time such as 90s, 30m, 2h, 3d or 1w.")
    return timedelta(**{_UNITS[parts[2]]: int(parts[1])})


def _a_status(text: str) -> str:
    if not re.fullmatch(r"[1-5](\d\d|xx)", text):
        raise typer.BadParameter(f"{text} is no HTTP status such as 404 or 5xx.")
    return text.rstrip("x")


_ROUTES = [f"{route.method} {route.path}" for route in ROUTES]


def logs(
    text: Annotated[str, typer.Argument(help="What a line contains, in whatever case.")] = "",
    *,
    stage: StageName = None,
    since: Annotated[
        timedelta | None,
        typer.Option(parser=_a_while, metavar="1h|2d", help="How far back; an hour by default."),
    ] = None,
    from_: Annotated[
        datetime | None,
        typer.Option("--from", parser=a_moment, metavar="TIME", help="2026-01-31T09:30, local"),
    ] = None,
    to: Annotated[
        datetime | None,
        typer.Option("--to", parser=a_moment, metavar="TIME", help="2026-01-31T10:30+01:00"),
    ] = None,
    function: Annotated[
        list[str] | None,
        typer.Option(parser=one_of(FUNCTIONS), metavar="|".join(FUNCTIONS), help="Repeatable."),
    ] = None,
    level: Annotated[
        Level, typer.Option(case_sensitive=False, metavar="|".join(Level), help="Or worse.")
    ] = Level.INFO,
    route: Annotated[
        str | None, typer.Option(parser=one_of(_ROUTES), metavar="ROUTE", help=_ROUTES[-1])
    ] = None,
    status: Annotated[
        str | None, typer.Option(parser=_a_status, metavar="404|5xx", help="The HTTP status.")
    ] = None,
    request_id: Annotated[str | None, typer.Option(help="Everything about one request.")] = None,
    job_id: Annotated[str | None, typer.Option(help="Everything about one job.")] = None,
    raw: Annotated[bool, typer.Option("--json", help="The lines as they were logged.")] = False,
) -> None:
    """Find archived log lines, oldest first."""
    if since and from_:
        raise typer.BadParameter("Say either --since or --from.")
    now = datetime.now(UTC)
    fields = {"route": route, "request_id": request_id, "job_id": job_id}
    wanted = Wanted(
        since=from_ or now - (since or _HOUR),
        until=min(to or now, now),
        functions=tuple(function or FUNCTIONS),
        level=level,
        status=status or "",
        fields={name: value for name, value in fields.items() if value},
        text=text,
    )
    if wanted.since > wanted.until:
        raise typer.BadParameter("The search ends before it begins.")
    try:
        found = deployment.find(stage)
        bucket = found.outputs["ArchiveBucketName"]
        _show(Archive(found.client("s3"), bucket), wanted, raw=raw)
    except deployment.NoTarget as error:
        fail(str(error))
    except ClientError as error:
        if error.response["Error"]["Code"] == "AccessDenied":
            fail(
                f"AWS does not let you read s3://{bucket}: it takes s3:ListBucket, s3:GetObject"
                f" and kms:Decrypt. It says: {error}"
            )
        fail(f"The archive cannot be read: {error}")
    except BotoCoreError as error:
        fail(f"AWS cannot be asked: {error}")


def _show(archive: Archive, wanted: Wanted, *, raw: bool) -> None:
    out, aside = Console(soft_wrap=True), Console(stderr=True)
    # On one screen, only one of them may write: lines go above the bar.
    screen = out if out.is_terminal else aside
    shown = 0
    with Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        console=screen,
        transient=True,
        disable=not screen.is_terminal,
    ) as progress:
        task = progress.add_task("Looking for what was archived", total=None)
        keys = archive.objects(wanted)
        progress.update(task, description="Reading the archive", total=len(keys))
        lines = archive.lines(keys, wanted, lambda: progress.advance(task))
        for shown, line in enumerate(lines, start=1):  # noqa: B007 - it says how many there were
            if raw:
                out.out(line, highlight=False)
            else:
                for text in readable_lines([line], dated=True):
                    out.print(text)
    if not shown:
        span = f"between {wanted.since:%Y-%m-%d %H:%M} and {wanted.until:%Y-%m-%d %H:%M} UTC"
        aside.print(
            f"No such line in {len(keys)} objects of the archive, {span}."
            if keys
            else f"Nothing was archived {span}.",
            style="yellow",
            highlight=False,
        )
