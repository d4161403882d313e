"""The code of functions, as it is uploaded."""

from pathlib import Path

from infra.bundling.content_cache import (
    contents,
    digest,
    digest_of,
    made_once,
    make_readable,
    write,
)
from infra.bundling.runtime import compile_all, compiler
from infra.spec.paths import BUILD

# Where Lambda mounts the code of a function.
_MOUNTED = "/var/task"


def compiled(folder: Path, cache: Path = BUILD) -> Path:
    """A copy of ``folder`` with its bytecode, without what running it here leaves behind.

    Args:
        folder: The code of a function, or of several.
        cache: Keeps what was built. May be deleted at any time between builds.

    Raises:
        subprocess.CalledProcessError: A module is no Python; standard error says which.
    """
    sources = contents(folder)

    def make(made: Path) -> None:
        write(sources, made)
        compile_all(made, _MOUNTED)
        make_readable(made)

    return made_once(cache / f"code-{digest(digest_of(sources).encode(), compiler())}", make)
