"""Athena's SQL over archived files on this machine: translated by sqlglot, run by DuckDB."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb
import sqlglot
from sqlglot import exp

from infra.spec.log_archive import COLUMNS, FOLDER, PARTITIONS, queries


class Athena:
    """The table ``logs`` over the archived objects in a folder.

    Args:
        folder: The folder; an object's path below it is its key.
    """

    def __init__(self, folder: Path) -> None:
        everything = FOLDER.format(**dict.fromkeys(PARTITIONS, "*")) + "*.jsonl.gz"
        self._duckdb = duckdb.connect()
        # As Athena does.
        self._duckdb.execute("SET TimeZone = 'UTC'")
        # A view takes no parameters; nothing here comes from anybody else.
        self._duckdb.execute(
            "CREATE VIEW logs AS SELECT * FROM read_json("
            f"'{folder / everything}', format = 'newline_delimited', columns = {_types(COLUMNS)},"
            f" hive_partitioning = true, hive_types = {_types(PARTITIONS)},"
            # Each file takes twice as much memory.
            " maximum_object_size = 1_000_000)"
        )

    def __call__(self, name: str, *parameters: object) -> list[dict[str, Any]]:
        """The rows that the named query ``name`` finds, by column."""
        (sql,) = (query.sql for query in queries() if query.name == name)
        (translated,) = sqlglot.transpile(sql, read="athena", write="duckdb")
        found = self._duckdb.execute(translated, parameters)
        columns = [column[0] for column in found.description or ()]
        return [dict(zip(columns, row, strict=True)) for row in found.fetchall()]


def _types(columns: Mapping[str, str]) -> dict[str, str]:
    return {
        name: exp.DataType.build(type_, dialect="hive").sql("duckdb")
        for name, type_ in columns.items()
    }
