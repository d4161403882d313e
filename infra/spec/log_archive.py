"""The archived log lines: where they lie, what is in them, and what operators ask about them.

The functions write them, Athena and ``ops logs`` read them; a test holds the three together.
"""

from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from infra.spec.routes import Function

PREFIX = "logs/"
"""What the key of every object begins with."""

FOLDER = PREFIX + "function={function}/date={date}/hour={hour}/"
"""Where objects lie: by who shipped them, and when, in UTC.

Lines are shipped after they were written: as a rule by seconds, and by as long as S3 refuses
them or Lambda lets the function sleep.
"""

COLUMNS = {
    "timestamp": "string",
    "level": "string",
    "message": "string",
    "service": "string",
    "location": "string",
    "request_id": "string",
    "xray_trace_id": "string",
    "route": "string",
    "status": "int",
    "latency_ms": "double",
    "cold_start": "boolean",
    "dynamodb_attempts": "int",
    "caller": "string",
    "api_key_id": "string",
    "job_id": "string",
    "pipeline": "string",
    "detail": "string",
    "error_type": "string",
    "parameter": "string",
    "exception_name": "string",
    "exception": "string",
    "stack_trace": (
        "struct<type:string,value:string,module:string,"
        "frames:array<struct<file:string,line:int,function:string,statement:string>>>"
    ),
}
"""The fields of a line, by their Athena types; a line has those that apply to it.

``timestamp`` is RFC 3339 in UTC: it sorts as text, and ``from_iso8601_timestamp`` reads it.
"""

PARTITIONS = {"function": "string", "date": "string", "hour": "int"}
"""What the folders say. A query that restricts no ``date`` reads the archive from end to end."""


def prefix_of(function: Function) -> str:
    """What the keys of ``function`` begin with, and those of no other."""
    return FOLDER.split("date=")[0].format(function=function)


def folder(function: Function, at: datetime) -> str:
    """Where ``function`` ships to at a time, which must be in UTC."""
    return FOLDER.format(function=function, date=f"{at:%Y-%m-%d}", hour=f"{at:%H}")


class Query(NamedTuple):
    """A question that operators ask again and again.

    Args:
        name: Its name, in Athena too.
        description: What it finds, and what its parameters are.
        sql: The question in Athena's SQL; ``?`` for each parameter.
    """

    name: str
    description: str
    sql: str


def queries() -> list[Query]:
    """The queries in queries/: a file is named like its query, and its first line describes it."""
    return [_query(file) for file in sorted((Path(__file__).parent / "queries").glob("*.sql"))]


def _query(file: Path) -> Query:
    description, sql = file.read_text().split("\n", 1)
    return Query(file.stem, description.removeprefix("-- "), sql)
