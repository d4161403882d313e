"""Run the named Athena queries on local files: sqlglot translates them, DuckDB runs them.

DuckDB runs in a separate process: when the process of a long test run ends, it would report each
of its objects as leaked, below pytest's summary.
"""

from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import sqlglot
from sqlglot import exp

from infra.spec.log_archive import COLUMNS, FOLDER_TEMPLATE, PARTITIONS, named_queries


class QueryFailed(Exception):
    """DuckDB refused a query or a file."""


class Athena:
    """The table ``logs`` over a folder of archived objects.

    Args:
        folder: The folder; an object's path below the folder is its key.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __call__(self, name: str, *parameters: object) -> list[dict[str, Any]]:
        """Run the query ``name``, and return its rows, each as a dictionary by column.

        Raises:
            QueryFailed: DuckDB refused the query or a file.
        """
        (sql,) = (query.sql for query in named_queries() if query.name == name)
        (translated,) = sqlglot.transpile(sql, read="athena", write="duckdb")
        return _duckdb().submit(_rows, self._folder, translated, parameters).result()


@cache
def _duckdb() -> ProcessPoolExecutor:
    return ProcessPoolExecutor(1, mp_context=get_context("spawn"))


def _rows(folder: Path, sql: str, parameters: tuple[object, ...]) -> list[dict[str, Any]]:
    import duckdb

    pattern = FOLDER_TEMPLATE.format(**dict.fromkeys(PARTITIONS, "*")) + "*.jsonl.gz"
    with duckdb.connect() as connection:
        # Athena uses UTC.
        connection.execute("SET TimeZone = 'UTC'")
        # A view takes no parameters, and the tests control all values here.
        connection.execute(
            "CREATE VIEW logs AS SELECT * FROM read_json("
            f"'{folder / pattern}', format = 'newline_delimited', columns = {_types(COLUMNS)},"
            f" hive_partitioning = true, hive_types = {_types(PARTITIONS)},"
            # DuckDB reserves twice this size for each file.
            " maximum_object_size = 1_000_000)"
        )
        try:
            result = connection.execute(sql, parameters)
            columns = [column[0] for column in result.description or ()]
            return [dict(zip(columns, row, strict=True)) for row in result.fetchall()]
        except duckdb.Error as error:
            raise QueryFailed(str(error)) from None


def _types(columns: Mapping[str, str]) -> dict[str, str]:
    return {
        name: exp.DataType.build(type_, dialect="hive").sql("duckdb")
        for name, type_ in columns.items()
    }
