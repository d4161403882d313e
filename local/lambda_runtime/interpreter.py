"""The interpreter that measurements are made with: the runtime's own version where there is one."""

import os
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from infra.bundling.runtime import PYTHON_VERSION


@cache
def find_runtime_python() -> Path | None:
    """An interpreter on this machine that has the runtime's version, if there is one."""
    for candidate in _candidates():
        command = (candidate, "-I", "-c", "import sys; print('%d.%d' % sys.version_info[:2])")
        try:
            said = subprocess.run(command, capture_output=True, text=True, check=False).stdout
        except OSError:
            continue
        if said.strip() == PYTHON_VERSION:
            return candidate
    return None


def _candidates() -> Iterator[Path]:
    yield Path(sys.executable)
    name = f"python{PYTHON_VERSION}"
    for folder in os.get_exec_path():
        yield Path(folder, name)
    # Those that pyenv and uv have installed, and that are not on the path.
    yield from Path.home().glob(f".pyenv/versions/{PYTHON_VERSION}*/bin/{name}")
    yield from Path.home().glob(f".local/share/uv/python/cpython-{PYTHON_VERSION}*/bin/{name}")
