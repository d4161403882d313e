"""Folders that are made once from what decides their content, and found ever after."""

import hashlib
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path


def digest(*parts: bytes) -> str:
    """A name for what follows from ``parts`` and nothing else."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()[:16]


def contents(folder: Path) -> dict[Path, bytes]:
    """The files below ``folder`` by their paths in it, in a stable order.

    What running the code leaves behind is none of them.
    """
    return {
        path.relative_to(folder): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.suffix != ".pyc"
    }


def digest_of(files: dict[Path, bytes]) -> str:
    """A name for ``files``, as :func:`contents` gives them."""
    return digest(*(part for path, text in files.items() for part in (bytes(path), text)))


def write(files: dict[Path, bytes], folder: Path) -> None:
    """Write ``files`` below ``folder``."""
    for path, text in files.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text)


def make_readable(folder: Path) -> None:
    """Lambda's user reads these files, whatever the umask of whoever builds."""
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)


def made_once(folder: Path, make: Callable[[Path], None]) -> Path:
    """``folder``, made by ``make`` if it does not exist; never seen half made.

    Several processes may ask for it at once.
    """
    if not folder.exists():
        with _scratch(folder.parent) as scratch:
            make(scratch)
            try:
                scratch.rename(folder)
            except OSError:
                # Another build came first; its folder has the same content.
                if not folder.exists():
                    raise
    return folder


@contextmanager
def _scratch(parent: Path) -> Iterator[Path]:
    parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(dir=parent, prefix="building-"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
