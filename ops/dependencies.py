"""Says whether the locked dependencies are what pyproject.toml asks for, and known to be bad.

``python -m ops.dependencies``, which ``make lint`` runs. uv asks the OSV database about the Python
packages, npm its registry about the Node packages. Where one cannot be reached, that is said and
nothing fails: a check that needs the network must not stop who works without it.

A new advisory fails whatever is under way then. Update the package (``uv lock --upgrade-package
NAME``); if there is no fix yet, or it does not concern us, say so in pyproject.toml::

    [tool.uv.audit]
    ignore-until-fixed = ["PYSEC-2026-1"]  # why
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from rich.console import Console

PROJECT = Path(__file__).parent.parent

_NODE = (PROJECT, PROJECT / "tests" / "browser")
_UV = (sys.executable, "-m", "uv")
_PATIENCE_SECONDS = 30
_VULNERABLE = 1


class Bad(Exception):
    """The dependencies must not be used as they are; the message says which, and why."""


class Unreachable(Exception):
    """Whether there are known vulnerabilities cannot be found out now; the message says why."""


def check_lock(project: Path = PROJECT) -> None:
    """Compare uv.lock with pyproject.toml; npm does the same when it installs.

    Raises:
        Bad: They do not agree.
    """
    done = _run(*_UV, "lock", "--check", "--offline", "--project", str(project))
    if done.returncode:
        raise Bad(f"{done.stderr.strip()}\nRun `.venv/bin/uv lock`, and commit uv.lock.")


def check_python(*options: str) -> None:
    """Ask about the packages of uv.lock.

    Args:
        options: More options for ``uv audit``.

    Raises:
        Bad: There are known vulnerabilities.
        Unreachable: The database did not answer.
    """
    audit = ("audit", "--preview-features", "audit-command", "--frozen", "--project", str(PROJECT))
    # The first answer is as good as a later one, and there are people waiting.
    done = _run(*_UV, *audit, *options, environment={"UV_HTTP_RETRIES": "0"})
    if done.returncode == _VULNERABLE:
        raise Bad(done.stdout.strip())
    if done.returncode:
        raise Unreachable(done.stderr.strip().splitlines()[-1].strip().removeprefix("cause: "))


def check_node(*options: str) -> None:
    """Ask about the packages of every package-lock.json.

    Args:
        options: More options for ``npm audit``.

    Raises:
        Bad: There are known vulnerabilities.
        Unreachable: The registry did not answer.
    """
    for folder in _NODE:
        _check_node(folder, *options)


def _check_node(folder: Path, *options: str) -> None:
    done = _run("npm", "audit", "--json", "--fetch-retries=0", *options, folder=folder)
    try:
        report = json.loads(done.stdout)
    except ValueError as error:
        raise Unreachable("npm gave no report") from error
    if "vulnerabilities" not in report:
        raise Unreachable(report.get("message") or report["error"]["summary"])
    if report["vulnerabilities"]:
        raise Bad(_run("npm", "audit", *options, folder=folder).stdout.strip())


def _run(
    *command: str, environment: Mapping[str, str] | None = None, folder: Path = PROJECT
) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(  # noqa: S603
            command,
            cwd=folder,
            env={**os.environ, **(environment or {})},
            capture_output=True,
            text=True,
            timeout=_PATIENCE_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise Unreachable(f"no answer within {_PATIENCE_SECONDS} s") from error


def main() -> None:
    """Run from the command line."""
    said = Console(stderr=True, soft_wrap=True, highlight=False)
    failed = False
    checks: dict[str, Callable[[], None]] = {
        "The lock": check_lock,
        "Python packages": check_python,
        "Node packages": check_node,
    }
    with ThreadPoolExecutor() as pool:
        under_way = {name: pool.submit(check) for name, check in checks.items()}
    for name, check in under_way.items():
        try:
            check.result()
        except Bad as bad:
            failed = True
            said.print(f"{bad}", style="bold red", markup=False)
        except Unreachable as why:
            said.print(
                f"{name}: NOT checked for known vulnerabilities ({why}).",
                style="bold yellow",
                markup=False,
            )
    sys.exit(failed)


if __name__ == "__main__":
    main()
