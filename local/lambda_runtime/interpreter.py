"""Find an interpreter of the version of Lambda's runtime."""

import os
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from infra.bundling.python_version import PYTHON_VERSION


@cache
def find_runtime_python() -> Path | None:
    """Return an interpreter of the runtime's version on this machine, or None."""
    for candidate in _candidates():
        command = (candidate, "-I", "-c", "import sys; print('%d.%d' % sys.version_info[:2])")
        try:
            version = subprocess.run(command, capture_output=True, text=True, check=False).stdout
        except OSError:
            continue
        if version.strip() == PYTHON_VERSION:
            return candidate
    return None


def _candidates() -> Iterator[Path]:
    yield Path(sys.executable)
    name = f"python{PYTHON_VERSION}"
    for folder in os.get_exec_path():
        yield Path(folder, name)
    # pyenv and uv install interpreters outside the path.
    yield from Path.home().glob(f".pyenv/versions/{PYTHON_VERSION}*/bin/{name}")
    yield from Path.home().glob(f".local/share/uv/python/cpython-{PYTHON_VERSION}*/bin/{name}")
