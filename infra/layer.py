"""Builds the layer that all functions share, without Docker and the same on every machine."""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from aws_cdk import aws_lambda as lambda_
from constructs import Construct

PROJECT = Path(__file__).parent.parent
COMMON = PROJECT / "layers" / "common" / "python" / "common"
BUILD = PROJECT / ".build"

RUNTIME = lambda_.Runtime.PYTHON_3_13
ARCHITECTURE = lambda_.Architecture.ARM_64

_PYTHON_VERSION = "3.13"
# Amazon Linux 2023, on which the runtime stands, has glibc 2.34.
_PLATFORM = "aarch64-manylinux_2_28"
_UV = (sys.executable, "-m", "uv", "--quiet", "--no-progress")
_INSTALL = (
    *("--python-version", _PYTHON_VERSION, "--python-platform", _PLATFORM),
    *("--only-binary", ":all:", "--no-deps", "--require-hashes", "--link-mode", "copy"),
)
# Commands for a shell, and what the installer wrote for itself, with paths of this machine.
_NOT_SHIPPED = ("bin", ".lock", "__pycache__")
_NOT_SHIPPED_METADATA = ("RECORD", "INSTALLER", "REQUESTED", "direct_url.json", "uv_cache.json")


class CommonLayer(Construct):
    """The layer with ``common`` and the third-party packages it stands on.

    Attributes:
        version: What the functions refer to.
    """

    def __init__(self, scope: Construct, id_: str) -> None:
        super().__init__(scope, id_)
        self.version = lambda_.LayerVersion(
            self,
            "Version",
            description="The code that all functions of Job Ledger share",
            code=lambda_.Code.from_asset(str(build(BUILD))),
            compatible_runtimes=[RUNTIME],
            compatible_architectures=[ARCHITECTURE],
        )


def build(cache: Path, common: Path = COMMON) -> Path:
    """Build the layer, or find it already built.

    The same locked packages and the same ``common`` give the same files, whenever and wherever
    they are built. Several builds may run at once.

    Args:
        cache: Keeps what was built. May be deleted at any time between builds.
        common: The folder of our own package.

    Returns:
        The folder that is zipped into the layer; it holds ``python/``.

    Raises:
        subprocess.CalledProcessError: uv could not install the locked packages; it says why on
            standard error.
    """
    requirements = _locked_requirements()
    # This file decides what is installed and what is left out, so it is part of the input.
    packages = _made_once(
        cache / f"packages-{_digest(requirements, Path(__file__).read_bytes())}",
        lambda folder: _install(requirements, folder),
    )
    sources = {path.relative_to(common): path.read_bytes() for path in _sources(common)}
    key = _digest(
        packages.name.encode(),
        *(part for path, text in sources.items() for part in (path.as_posix().encode(), text)),
    )
    return _made_once(
        cache / f"layer-{key}", lambda folder: _assemble(packages, sources, folder / "python")
    )


def _locked_requirements() -> bytes:
    """The layer's packages as uv.lock pins them, with the hashes of their files."""
    command = (
        *(*_UV, "export", "--project", str(PROJECT), "--frozen", "--only-group", "layer"),
        *("--no-emit-project", "--no-header", "--no-annotate"),
    )
    return subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout  # noqa: S603


def _install(requirements: bytes, folder: Path) -> None:
    command = (*_UV, "pip", "install", "--target", str(folder), *_INSTALL, "--requirements", "-")
    subprocess.run(command, check=True, input=requirements)  # noqa: S603
    for path in sorted(folder.rglob("*"), reverse=True):
        metadata = path.parent.suffix == ".dist-info" and path.name in _NOT_SHIPPED_METADATA
        if path.name == "__pycache__" or (path.parent == folder and path.name in _NOT_SHIPPED):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        elif metadata:
            path.unlink()
    _make_readable(folder)


def _make_readable(folder: Path) -> None:
    """Lambda's user reads these files, whatever the umask of whoever builds."""
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)


def _sources(folder: Path) -> Iterator[Path]:
    """The files below ``folder`` that belong to the layer, in a stable order."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.suffix != ".pyc":
            yield path


def _assemble(packages: Path, sources: dict[Path, bytes], folder: Path) -> None:
    # Links, because a copy of some thousand files takes longer than all the rest.
    shutil.copytree(packages, folder, copy_function=os.link)
    for path, text in sources.items():
        file = folder / "common" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text)
    _make_readable(folder / "common")


def _digest(*parts: bytes) -> str:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()[:16]


def _made_once(folder: Path, make: Callable[[Path], None]) -> Path:
    """``folder``, made by ``make`` if it does not exist; never seen half made."""
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
