"""Copy the CDK app, for a test to change."""

import os
import shutil
from pathlib import Path
from types import ModuleType

from infra.spec.paths import BUILD, PROJECT

_FILES = ("Makefile", "app.py", "cdk.json", "pyproject.toml", "uv.lock")


def copy_project(folder: Path) -> Path:
    """Create ``folder``, and copy into it the files of this project that the CDK needs."""
    folder.mkdir()
    for name in ("infra", "functions", "layers", "tools"):
        shutil.copytree(PROJECT / name, folder / name)
    for name in (*_FILES, "package.json", "package-lock.json"):
        # An old time: `make` would install the packages of a newer file, into the shared folders.
        os.utime(shutil.copy(PROJECT / name, folder), (0, 0))
    # The installed packages and the built layer are shared.
    for shared in (PROJECT / ".venv", PROJECT / "node_modules", BUILD):
        (folder / shared.name).symlink_to(shared)
    return folder


def copied_file(project: Path, module: ModuleType) -> Path:
    """Return the source file of a module in a copy of the project.

    Args:
        project: The folder of the copy.
        module: The module of this project.
    """
    assert module.__file__
    return project / Path(module.__file__).relative_to(PROJECT)
