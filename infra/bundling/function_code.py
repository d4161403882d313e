"""The code of functions as it is uploaded: sources and bytecode."""

from pathlib import Path

from infra.bundling.bytecode import compile_modules, compiler_inputs
from infra.bundling.content_cache import (
    build_once,
    digest,
    digest_files,
    make_readable,
    read_files,
    write_files,
)
from infra.spec.paths import BUILD

_MOUNTED = "/var/task"
"""The folder where Lambda mounts the code of a function."""


def build_code(folder: Path, cache: Path = BUILD) -> Path:
    """Build a copy of ``folder`` with bytecode, unless the cache has one.

    Args:
        folder: The code of one or several functions.
        cache: The folder for builds, which may be deleted at any time between builds.

    Raises:
        subprocess.CalledProcessError: A module cannot be compiled; standard error says why.
        ValueError: The compiler is not installed, or is another version of Python.
    """
    sources = read_files(folder)

    def build(copy: Path) -> None:
        write_files(sources, copy)
        compile_modules(copy, _MOUNTED)
        make_readable(copy)

    key = digest(digest_files(sources).encode(), compiler_inputs())
    return build_once(cache / f"code-{key}", build)
