"""The installation on a machine that lacks something: it fails with one piece of advice."""

import subprocess
from pathlib import Path

import pytest

from infra.spec.paths import PROJECT


@pytest.fixture
def tools(tmp_path: Path) -> Path:
    """The only folder on the PATH."""
    folder = tmp_path / "bin"
    folder.mkdir()
    return folder


def put(tools: Path, name: str, script: str) -> None:
    tool = tools / name
    tool.write_text(f"#!/bin/sh\n{script}\n")
    tool.chmod(0o755)


def install_error(tools: Path, part: str, **environment: str) -> str:
    """Return the error message of an installation."""
    result = subprocess.run(
        ["/bin/sh", PROJECT / "tools" / "install.sh", part],
        cwd=tools.parent,
        env={"PATH": str(tools), **environment},
        capture_output=True,
        text=True,
    )
    assert result.returncode == 1
    assert result.stdout == ""
    return result.stderr


def test_without_node_it_fails_with_advice(tools: Path) -> None:
    assert install_error(tools, "node") == (
        "Node.js 22 or newer is required. Install it from https://nodejs.org.\n"
    )


def test_with_an_old_node_it_fails_with_advice(tools: Path) -> None:
    put(tools, "node", '[ "$1" = --version ] && echo v18.20.4 || exit 1')
    assert install_error(tools, "node") == (
        "Node.js 22 or newer is required, but this machine has v18.20.4. Install a newer one"
        " from https://nodejs.org.\n"
    )


def test_without_npm_it_fails_with_advice(tools: Path) -> None:
    put(tools, "node", "exit 0")
    message = install_error(tools, "node")
    assert message.startswith("npm is required, but this Node.js came without it. ")


@pytest.mark.parametrize(
    ("script", "version"),
    [('[ "$1" = --version ] && echo Python 3.9.2 || exit 1', "Python 3.9.2"), (None, "none")],
)
def test_with_an_old_python_or_none_it_fails_with_advice(
    tools: Path, script: str | None, version: str
) -> None:
    if script:
        put(tools, "python3", script)
    assert install_error(tools, "python") == (
        f"Python 3.11 or newer is required, but this machine has {version}. Install it from"
        " https://www.python.org/downloads, or set PYTHON=<path>.\n"
    )


def test_a_python_that_is_set_is_the_only_candidate(tools: Path) -> None:
    put(tools, "python3", "exit 0")
    put(tools, "old", '[ "$1" = --version ] && echo Python 3.10.1 || exit 1')
    assert "this machine has Python 3.10.1." in install_error(tools, "python", PYTHON="old")


def test_without_the_venv_module_it_fails_with_advice(tools: Path) -> None:
    put(tools, "python3", "case $2 in *ensurepip*) exit 1;; esac")
    assert install_error(tools, "python").startswith(
        "python3 cannot create virtual environments. Install its venv module (on Debian and Ubuntu:"
    )


def failed_step(tools: Path, npm: str, cwd: Path) -> str:
    """Return the error message of an installation whose npm runs a script."""
    for name in ("sh", "mktemp", "rm", "cat", "grep"):
        (tools / name).symlink_to(f"/bin/{name}")
    put(tools, "node", "exit 0")
    put(tools, "npm", npm)
    result = subprocess.run(
        ["/bin/sh", PROJECT / "tools" / "install.sh", "node"],
        cwd=cwd,
        env={"PATH": str(tools)},
        capture_output=True,
        text=True,
    )
    assert result.returncode == 1
    return result.stderr


@pytest.mark.parametrize(
    ("output", "advice"),
    [
        ("npm error code ENOTFOUND", "the installation needs the network"),
        ("WARNING: Retrying after NewConnectionError('...')", "the installation needs the network"),
        ("npm error code SELF_SIGNED_CERT_IN_CHAIN", "export SSL_CERT_FILE=ca.pem"),
        ("invalid peer certificate: UnknownIssuer", "export SSL_CERT_FILE=ca.pem"),
    ],
)
def test_a_failed_download_gives_advice_instead_of_its_output(
    tools: Path, tmp_path: Path, output: str, advice: str
) -> None:
    message = failed_step(tools, f'echo "{output}" >&2; exit 1', tmp_path)
    assert message.startswith("Installing the Node packages of package-lock.json failed: ")
    assert advice in message.replace("The", "the")
    assert output not in message


def test_any_other_failure_shows_its_output(tools: Path, tmp_path: Path) -> None:
    assert failed_step(tools, 'echo "npm error code EUSAGE" >&2; exit 1', tmp_path) == (
        "npm error code EUSAGE\n"
        "Installing the Node packages of package-lock.json failed; see above.\n"
    )


@pytest.mark.skipif(not Path("/proc").exists(), reason="needs a folder that not even root may fill")
def test_in_a_folder_that_it_may_not_write_to_it_says_so(tools: Path) -> None:
    message = failed_step(tools, "exit 0", Path("/proc"))
    assert message == "You may not write to /proc, where make installs everything.\n"


@pytest.mark.parametrize(("user", "calls"), [("0", "update install --yes"), ("1000", "")])
def test_where_npm_has_no_chromium_root_installs_the_debian_package(
    tools: Path, user: str, calls: str
) -> None:
    for name in ("sh", "mktemp", "rm"):
        (tools / name).symlink_to(f"/bin/{name}")
    put(tools, "uname", "echo Linux aarch64")
    put(tools, "id", f"echo {user}")
    put(tools, "apt-get", 'printf "%s %s " "$1" "$2" >>calls')
    (tools.parent / "calls").touch()
    subprocess.run(
        ["/bin/sh", PROJECT / "tools" / "install.sh", "browser"],
        cwd=tools.parent,
        env={"PATH": str(tools)},
        check=True,
        capture_output=True,
    )
    assert (tools.parent / "calls").read_text().strip().replace("  ", " ") == calls
