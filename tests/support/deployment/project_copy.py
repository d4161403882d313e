"""Copy the project, for a test to change."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

from infra.spec import service
from infra.spec.paths import BUILD, PROJECT

_FILES = ("Makefile", "app.py", "cdk.json", "pyproject.toml", "uv.lock")
_IGNORED = shutil.ignore_patterns("node_modules")


def copy_project(folder: Path, *, whole: bool = False) -> Path:
    """Create ``folder``, and copy this project into it.

    Args:
        folder: The folder to create.
        whole: True to copy also what the CDK does not need: tests, documents and commands.

    Returns:
        ``folder``.
    """
    folder.mkdir()
    rest = ("bench", "docs", "local", "ops", "tests") if whole else ()
    for name in ("functions", "infra", "layers", "tools", *rest):
        shutil.copytree(PROJECT / name, folder / name, ignore=_IGNORED)
    for name in (*_FILES, "package.json", "package-lock.json"):
        # An old time: `make` would install the packages of a newer file, into the shared folders.
        os.utime(shutil.copy(PROJECT / name, folder), (0, 0))
    share_packages(folder)
    return folder


def share_packages(project: Path) -> None:
    """Let a copy of the project use the installed packages and the builds of this one."""
    # A new clone has built nothing yet.
    BUILD.mkdir(exist_ok=True)
    for shared in (PROJECT / ".venv", PROJECT / "node_modules", BUILD):
        (project / shared.name).symlink_to(shared)


def forget_assemblies(project: Path) -> None:
    """Let a copy of the project synthesize once more what this one has synthesized."""
    builds = project / BUILD.name
    builds.unlink()
    builds.mkdir()
    for build in BUILD.iterdir():
        if build.name.startswith(
            ("asset.", "bytecode", "code-", "layer-", "packages-", "pyodide-")
        ):
            (builds / build.name).symlink_to(build)


def copied_file(project: Path, module: ModuleType) -> Path:
    """Return the source file of a module in a copy of the project.

    Args:
        project: The folder of the copy.
        module: The module of this project.
    """
    assert module.__file__
    return project / Path(module.__file__).relative_to(PROJECT)


def rename_service(project: Path, *, name: str, region: str) -> None:
    """Give the service of a copy another name and another region, in the one place for both."""
    file = copied_file(project, service)
    text = file.read_text()
    for constant, value in (("SERVICE_NAME", name), ("REGION", region)):
        text, count = re.subn(rf'^{constant} = ".*"$', f'{constant} = "{value}"', text, flags=re.M)
        assert count == 1, f"{file} has {count} lines for {constant}"
    file.write_text(text)


def write_documents(project: Path) -> None:
    """Do in a copy of the project as `make documents` does, without the CDK's command line."""
    run_python(project, "-m", "tools.compile_schemas")
    run_python(project, "-m", "tests.support.permissions.page")
    for tool in (
        *("openapi", "statuses", "cost", "capacity", "partitions", "architecture", "data_lock"),
    ):
        run_python(project, "-m", f"tools.{tool}")


def run_python(project: Path, *words: str, **variables: str) -> str:
    """Run Python in a copy of the project, with the copy's own layer.

    Args:
        project: The folder of the copy.
        words: The arguments of the command.
        variables: Environment variables for it.

    Returns:
        The standard output.

    Raises:
        AssertionError: The command failed; the message is its output.
    """
    path = os.pathsep.join(map(str, (project, project / "layers" / "common" / "python")))
    done = subprocess.run(
        [sys.executable, *words],
        cwd=project,
        env={**os.environ, "PYTHONPATH": path, **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
