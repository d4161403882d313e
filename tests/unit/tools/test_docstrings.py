"""The docstrings: each begins with a verb in the imperative, or names its subject."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.spec.paths import PROJECT

ROOMS = ("functions", "infra", "layers", "local", "ops", "tools", "bench", "tests")
OPENERS = {"How", "It", "What", "Whatever", "Whether", "Who", "Whoever"}
"""Words that open a clause, and leave the reader to search for its subject."""


def docstrings(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text())):
        # A string that is a statement also documents a constant or a field.
        match node:
            case ast.Expr(value=ast.Constant(value=str(text))):
                yield text


@pytest.mark.parametrize("room", ROOMS)
def test_no_docstring_opens_with_a_clause(room: str) -> None:
    files = [file for file in (PROJECT / room).rglob("*.py") if "node_modules" not in file.parts]
    assert files
    clauses = [
        f"{file.relative_to(PROJECT)}: {text.splitlines()[0]}"
        for file in files
        for text in docstrings(file)
        if text.split(maxsplit=1)[0].rstrip(",.") in OPENERS
    ]
    assert clauses == []
