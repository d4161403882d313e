"""``ops logs``: searches the archive of log lines and prints them oldest first."""

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer
from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn

from common.entities import ENTITIES
from infra.spec.routes import FUNCTIONS, ROUTES
from local.log_format import readable_lines
from ops.deployment import NoDeployment, find_deployment
from ops.log_search import Level, LogArchive, LogFilter
from ops.options import StageOption, fail, one_of, parse_time

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_ID_OPTIONS = [f"--{entity.id_field.replace('_', '-')}" for entity in ENTITIES]
_ROUTES = [f"{route.method} {route.path}" for route in ROUTES]


def _parse_duration(text: str) -> timedelta:
    parts = re.fullmatch(r"([1-9]\d{0,3})([smhdw])", text)
    if parts is None:
        raise typer.BadParameter(f"{text} is not a duration such as 90s, 30m, 2h, 3d or 1w.")
    return timedelta(**{_UNITS[parts[2]]: int(parts[1])})


def _parse_status(text: str) -> str:
    if not re.fullmatch(r"[1-5](\d\d|xx)", text):
        raise typer.BadParameter(f"{text} is not an HTTP status such as 404 or 5xx.")
    return text.rstrip("x")


def command(
    text: Annotated[
        str, typer.Argument(help="Text that a line contains, regardless of case.")
    ] = "",
    *,
    stage: StageOption = None,
    since: Annotated[
        timedelta | None,
        typer.Option(
            parser=_parse_duration,
            metavar="1h|2d",
            help="How far back to search. Default: 1h.",
        ),
    ] = None,
    from_: Annotated[
        datetime | None,
        typer.Option(
            "--from",
            parser=parse_time,
            metavar="TIME",
            help="Earliest time, such as 2026-01-31T09:30 (local time).",
        ),
    ] = None,
    to: Annotated[
        datetime | None,
        typer.Option(
            "--to",
            parser=parse_time,
            metavar="TIME",
            help="Latest time, such as 2026-01-31T10:30+01:00.",
        ),
    ] = None,
    function: Annotated[
        list[str] | None,
        typer.Option(
            parser=one_of(FUNCTIONS),
            metavar="|".join(FUNCTIONS),
            help="Function that wrote the line; repeatable.",
        ),
    ] = None,
    level: Annotated[
        Level,
        typer.Option(case_sensitive=False, metavar="|".join(Level), help="Lowest severity."),
    ] = Level.INFO,
    route: Annotated[
        str | None,
        typer.Option(
            parser=one_of(_ROUTES), metavar="ROUTE", help=f"Route, such as '{_ROUTES[-1]}'."
        ),
    ] = None,
    status: Annotated[
        str | None, typer.Option(parser=_parse_status, metavar="404|5xx", help="HTTP status.")
    ] = None,
    request_id: Annotated[str | None, typer.Option(help="Request id.")] = None,
    item_id: Annotated[str, typer.Option(*_ID_OPTIONS, help="Id of an item.")] = "",
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the lines as they were logged.")
    ] = False,
) -> None:
    """Search the archive of log lines. Prints the oldest line first."""
    if since and from_:
        raise typer.BadParameter("Use either --since or --from.")
    now = datetime.now(UTC)
    fields = {"route": route, "request_id": request_id}
    conditions = LogFilter(
        since=from_ or now - (since or timedelta(hours=1)),
        until=min(to or now, now),
        functions=tuple(function or FUNCTIONS),
        level=level,
        status=status or "",
        item_id=item_id,
        fields={name: value for name, value in fields.items() if value},
        text=text,
    )
    if conditions.since > conditions.until:
        raise typer.BadParameter("The search ends before it begins.")
    try:
        deployment = find_deployment(stage)
        bucket = deployment.outputs["ArchiveBucketName"]
        _print_lines(LogArchive(deployment.client("s3"), bucket), conditions, as_json=as_json)
    except NoDeployment as error:
        fail(str(error))
    except ClientError as error:
        if error.response["Error"]["Code"] == "AccessDenied":
            fail(
                f"AWS does not let you read s3://{bucket}: you need s3:ListBucket, s3:GetObject"
                f" and kms:Decrypt. The error: {error}"
            )
        fail(f"The archive cannot be read: {error}")
    except BotoCoreError as error:
        fail(f"The call to AWS failed: {error}")


def _print_lines(archive: LogArchive, conditions: LogFilter, *, as_json: bool) -> None:
    console, error_console = Console(soft_wrap=True), Console(stderr=True)
    # In a terminal, one console must print both, so that lines appear above the progress bar.
    progress_console = console if console.is_terminal else error_console
    number = 0
    with Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        console=progress_console,
        transient=True,
        disable=not progress_console.is_terminal,
    ) as progress:
        task = progress.add_task("Listing the archive", total=None)
        keys = archive.keys(conditions)
        progress.update(task, description="Searching the archive", total=len(keys))
        lines = archive.lines(keys, conditions, lambda: progress.advance(task))
        for number, line in enumerate(lines, start=1):  # noqa: B007 - the number of lines
            if as_json:
                console.out(line, highlight=False)
            else:
                for text in readable_lines([line], dated=True):
                    console.print(text)
    if not number:
        period = (
            f"between {conditions.since:%Y-%m-%d %H:%M} and {conditions.until:%Y-%m-%d %H:%M} UTC"
        )
        error_console.print(
            f"None of {len(keys)} archived objects has a matching line {period}."
            if keys
            else f"Nothing was archived {period}.",
            style="yellow",
            highlight=False,
        )
