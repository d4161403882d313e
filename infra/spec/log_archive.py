"""The log archive in S3: its folders, the fields of a line, and the named queries of Athena.

The functions write the archive; Athena and ``ops logs`` read it. Tests hold the three together.
"""

from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from common.entities import ENTITIES
from infra.spec.routes import Function

PREFIX = "logs/"
"""The prefix of every object's key."""

FOLDER_TEMPLATE = PREFIX + "function={function}/date={date}/hour={hour}/"
"""The folder of an object, by the function that uploaded it and the time of the upload in UTC.

A line is uploaded later than it is written: usually by seconds, and by more while S3 refuses
uploads or Lambda freezes the function.
"""

PLATFORM_COLUMNS = {
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
"""The fields of a line that are about no entity, and their Athena types."""

COLUMNS = PLATFORM_COLUMNS | {
    field: "string" for entity in ENTITIES for field in (entity.id_field, *entity.filters)
}
"""The fields of a line and their Athena types. A line has only the fields that apply to it.

``timestamp`` is RFC 3339 in UTC: it sorts as text, and ``from_iso8601_timestamp`` parses it.
"""

PARTITIONS = {"function": "string", "date": "string", "hour": "int"}
"""The partition columns, taken from the folder. A query without a ``date`` reads all objects."""


def function_prefix(function: Function) -> str:
    """Return the key prefix of the objects that ``function`` uploads."""
    return FOLDER_TEMPLATE.split("date=")[0].format(function=function)


def hour_folder(function: Function, at: datetime) -> str:
    """Return the folder that ``function`` uploads to at the time ``at``, in UTC."""
    return FOLDER_TEMPLATE.format(function=function, date=f"{at:%Y-%m-%d}", hour=f"{at:%H}")


class NamedQuery(NamedTuple):
    """A named query of Athena."""

    name: str

    description: str
    """The rows that the query finds, and its parameters."""

    sql: str
    """The query, with ``?`` for each parameter."""


def named_queries() -> list[NamedQuery]:
    """Return the queries in queries/: a file has the query's name, its first line describes it.

    A file whose name has ``{name}`` is a query for each entity.
    """
    ids = ", ".join(entity.id_field for entity in ENTITIES)
    return [
        query
        for file in sorted((Path(__file__).parent / "queries").glob("*.sql"))
        for query in dict.fromkeys(
            _read_query(
                file,
                ids=ids,
                noun=entity.noun,
                name=entity.noun.replace(" ", "-"),
                id=entity.id_field,
                fields=", ".join(("message", *entity.filters)),
            )
            for entity in ENTITIES
        )
    ]


def _read_query(file: Path, *, name: str, **placeholders: str) -> NamedQuery:
    description, sql = file.read_text().format(**placeholders).split("\n", 1)
    return NamedQuery(file.stem.format(name=name), description.removeprefix("-- "), sql)
