"""uv.lock after the project was renamed by search and replace."""

import shutil
import subprocess
from pathlib import Path

import pytest

from infra.spec.paths import PROJECT
from infra.spec.service import SERVICE_NAME


def uv_lock(step: str, project: Path) -> subprocess.CompletedProcess[str]:
    """Check or mend the uv.lock of a project."""
    return subprocess.run(
        ["sh", PROJECT / "tools" / "uv_lock.sh", step],
        cwd=project,
        capture_output=True,
        text=True,
    )


@pytest.fixture
def renamed(tmp_path: Path) -> Path:
    """The project's files of dependencies, renamed by search and replace."""
    for name in ("pyproject.toml", "uv.lock"):
        text = (PROJECT / name).read_text().replace(SERVICE_NAME, "invoice-archive")
        (tmp_path / name).write_text(text)
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    uv = shutil.which("uv", path=PROJECT / ".venv" / "bin")
    assert uv
    (tmp_path / ".venv" / "bin" / "uv").symlink_to(uv)
    return tmp_path


def test_the_projects_own_lock_is_fine() -> None:
    assert uv_lock("check", PROJECT).returncode == 0


def test_a_lock_that_was_renamed_with_the_project_is_refused_with_advice(renamed: Path) -> None:
    check = uv_lock("check", renamed)
    assert (check.returncode, check.stderr) == (
        1,
        "uv.lock belongs to a project of another name than invoice-archive. Run `make lock`.\n",
    )


def test_make_lock_mends_it_and_changes_no_version(renamed: Path) -> None:
    written = uv_lock("write", renamed)
    assert written.returncode == 0, written.stderr
    assert uv_lock("check", renamed).returncode == 0
    markers = (f"group-{len(SERVICE_NAME)}-{SERVICE_NAME}-", "group-15-invoice-archive-")
    expected = (PROJECT / "uv.lock").read_text().replace(*markers)
    # uv sorts the packages by name.
    assert sorted((renamed / "uv.lock").read_text().splitlines()) == sorted(
        expected.replace(SERVICE_NAME, "invoice-archive").splitlines()
    )
