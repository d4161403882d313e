"""A copy of the CDK app, for a test to change."""

import shutil
from pathlib import Path

from infra.spec.paths import PROJECT


def copy_project(folder: Path) -> Path:
    """Copy what the CDK needs of this project into ``folder``, which is created."""
    folder.mkdir()
    for name in ("infra", "functions", "layers"):
        shutil.copytree(PROJECT / name, folder / name)
    for name in ("app.py", "cdk.json", "pyproject.toml", "uv.lock", "package-lock.json"):
        shutil.copy(PROJECT / name, folder)
    # What was installed, and what was built for the layer, can be taken again.
    for name in ("node_modules", ".build"):
        (folder / name).symlink_to(PROJECT / name)
    return folder
