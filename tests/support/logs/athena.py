"""Run the named Athena queries on local files: sqlglot translates them, DuckDB runs them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb
import sqlglot
from sqlglot import exp

from infra.spec.log_archive import COLUMNS, FOLDER_TEMPLATE, PARTITIONS, named_queries


class Athena:
    """The table ``logs`` over a folder of archived objects.

    Args:
        folder: The folder; an object's path below the folder is its key.
    """

    def __init__(self, folder: Path) -> None:
        pattern = FOLDER_TEMPLATE.format(**dict.fromkeys(PARTITIONS, "*")) + "*.jsonl.gz"
        self._duckdb = duckdb.connect()
        # Athena uses UTC.
        self._duckdb.execute("SET TimeZone = 'UTC'")
        # A view takes no parameters, and the tests control all values here.
        self._duckdb.execute(
            "CREATE VIEW logs AS SELECT * FROM read_json("
            f"'{folder / pattern}', format = 'newline_delimited', columns = {_types(COLUMNS)},"
            f" hive_partitioning = true, hive_types = {_types(PARTITIONS)},"
            # DuckDB reserves twice this size for each file.
            " maximum_object_size = 1_000_000)"
        )

    def __call__(self, name: str, *parameters: object) -> list[dict[str, Any]]:
        """Run the query ``name``, and return its rows, each as a dictionary by column."""
        (sql,) = (query.sql for query in named_queries() if query.name == name)
        (translated,) = sqlglot.transpile(sql, read="athena", write="duckdb")
        result = self._duckdb.execute(translated, parameters)
        columns = [column[0] for column in result.description or ()]
        return [dict(zip(columns, row, strict=True)) for row in result.fetchall()]


def _types(columns: Mapping[str, str]) -> dict[str, str]:
    return {
        name: exp.DataType.build(type_, dialect="hive").sql("duckdb")
        for name, type_ in columns.items()
    }
