"""A cache of built folders, each named by a digest of the inputs that decide its content."""

import fcntl
import hashlib
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path


def digest(*parts: bytes) -> str:
    """Return a short hexadecimal digest of ``parts``."""
    sha256 = hashlib.sha256()
    for part in parts:
        sha256.update(len(part).to_bytes(8, "big") + part)
    return sha256.hexdigest()[:16]


def read_files(folder: Path) -> dict[Path, bytes]:
    """Return the files below ``folder`` by relative path, sorted, without bytecode."""
    return {
        path.relative_to(folder): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.suffix != ".pyc"
    }


def digest_files(files: dict[Path, bytes]) -> str:
    """Return a digest of ``files``, which :func:`read_files` returned."""
    return digest(*(part for path, content in files.items() for part in (bytes(path), content)))


def write_files(files: dict[Path, bytes], folder: Path) -> None:
    """Write ``files`` below ``folder``."""
    for path, content in files.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)


def make_readable(folder: Path) -> None:
    """Let Lambda's user read the files below ``folder``, with any umask."""
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)


def build_once(folder: Path, build: Callable[[Path], object]) -> Path:
    """Return ``folder``, and build it first if it does not exist.

    The folder appears only when it is complete. Of several processes, one builds it, and the others
    wait.

    Args:
        folder: The folder, whose name must identify its content.
        build: Writes the content to an empty folder.
    """
    if not folder.exists():
        with _lock(folder), _scratch(folder.parent) as scratch:
            if folder.exists():
                return folder
            build(scratch)
            try:
                scratch.rename(folder)
            except OSError:
                # Another process was faster; its folder has the same content.
                if not folder.exists():
                    raise
    return folder


@contextmanager
def _lock(folder: Path) -> Iterator[None]:
    folder.parent.mkdir(parents=True, exist_ok=True)
    path = folder.with_name(f"{folder.name}.lock")
    with path.open("wb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        try:
            yield
        finally:
            # A third process may lock a new file, and build the folder beside a second one. That
            # costs time, but the folder is still complete when it appears.
            path.unlink(missing_ok=True)


@contextmanager
def _scratch(parent: Path) -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(dir=parent, prefix="building-"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
