"""The installation on a machine that lacks something: one sentence, and what to do."""

import subprocess
from pathlib import Path

import pytest

from infra.spec.paths import PROJECT


@pytest.fixture
def tools(tmp_path: Path) -> Path:
    """A folder that is all of the PATH."""
    folder = tmp_path / "bin"
    folder.mkdir()
    return folder


def put(tools: Path, name: str, script: str) -> None:
    tool = tools / name
    tool.write_text(f"#!/bin/sh\n{script}\n")
    tool.chmod(0o755)


def install(tools: Path, what: str, **environment: str) -> str:
    """What the installation of ``what`` complains about."""
    done = subprocess.run(
        ["/bin/sh", PROJECT / "tools" / "install.sh", what],
        cwd=tools.parent,
        env={"PATH": str(tools), **environment},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert done.stdout == ""
    return done.stderr


def test_a_missing_node_is_said(tools: Path) -> None:
    assert install(tools, "node") == (
        "Node.js 20 or newer is needed, and there is none: install it from https://nodejs.org.\n"
    )


def test_an_old_node_is_said(tools: Path) -> None:
    put(tools, "node", '[ "$1" = --version ] && echo v18.20.4 || exit 1')
    assert install(tools, "node") == (
        "Node.js 20 or newer is needed, and there is v18.20.4: install a newer one"
        " from https://nodejs.org.\n"
    )


def test_a_missing_npm_is_said(tools: Path) -> None:
    put(tools, "node", "exit 0")
    assert install(tools, "node").startswith("npm is needed, and this Node.js came without: ")


@pytest.mark.parametrize(
    ("script", "found"),
    [('[ "$1" = --version ] && echo Python 3.9.2 || exit 1', "Python 3.9.2"), (None, "none")],
)
def test_an_old_or_missing_python_is_said(tools: Path, script: str | None, found: str) -> None:
    if script:
        put(tools, "python3", script)
    assert install(tools, "python") == (
        f"Python 3.11 or newer is needed, and there is {found}: install it from"
        " https://www.python.org/downloads, or say where it is with PYTHON=<path>.\n"
    )


def test_the_python_that_is_asked_for_is_the_one_that_is_judged(tools: Path) -> None:
    put(tools, "python3", "exit 0")
    put(tools, "old", '[ "$1" = --version ] && echo Python 3.10.1 || exit 1')
    assert "there is Python 3.10.1:" in install(tools, "python", PYTHON="old")


def test_a_python_without_venv_is_said(tools: Path) -> None:
    put(tools, "python3", "case $2 in *ensurepip*) exit 1;; esac")
    assert install(tools, "python").startswith(
        "python3 cannot make virtual environments: install its venv module (on Debian and Ubuntu:"
    )


@pytest.mark.parametrize(("user", "asked"), [("0", "update install --yes"), ("1000", "")])
def test_where_npm_has_no_browser_debians_is_installed_if_that_is_allowed(
    tools: Path, user: str, asked: str
) -> None:
    for name in ("sh", "mktemp", "rm"):
        (tools / name).symlink_to(f"/bin/{name}")
    put(tools, "uname", "echo Linux aarch64")
    put(tools, "id", f"echo {user}")
    put(tools, "apt-get", 'printf "%s %s " "$1" "$2" >>asked')
    (tools.parent / "asked").touch()
    subprocess.run(
        ["/bin/sh", PROJECT / "tools" / "install.sh", "browser"],
        cwd=tools.parent,
        env={"PATH": str(tools)},
        check=True,
        capture_output=True,
    )
    assert (tools.parent / "asked").read_text().strip().replace("  ", " ") == asked
