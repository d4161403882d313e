"""Builds the layer that all functions share, without Docker and the same on every machine."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from infra.bundling import trim_sdk
from infra.bundling.content_cache import (
    contents,
    digest,
    digest_of,
    made_once,
    make_readable,
    write,
)
from infra.bundling.runtime import ARCHITECTURE, PYTHON_VERSION, RUNTIME, compile_all, compiler
from infra.spec.paths import BUILD, COMMON, PROJECT

# Amazon Linux 2023, on which the runtime stands, has glibc 2.34.
_PLATFORM = "aarch64-manylinux_2_28"
# Where Lambda mounts the layer.
_MOUNTED = "/opt/python"
_UV = (sys.executable, "-m", "uv", "--quiet", "--no-progress")
_INSTALL = (
    *("--python-version", PYTHON_VERSION, "--python-platform", _PLATFORM),
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
    requirements = locked_requirements("layer")
    # These decide what is installed, left out and compiled, so they are part of the input.
    code = (Path(__file__).read_bytes(), Path(trim_sdk.__file__).read_bytes(), compiler())
    packages = made_once(
        cache / f"packages-{digest(requirements, *code)}",
        lambda folder: _install(requirements, folder),
    )
    sources = contents(common)
    return made_once(
        cache / f"layer-{digest(packages.name.encode(), digest_of(sources).encode())}",
        lambda folder: _assemble(packages, sources, folder / "python"),
    )


def locked_requirements(group: str) -> bytes:
    """A group's packages as uv.lock pins them, with the hashes of their files."""
    command = (
        *(*_UV, "export", "--project", str(PROJECT), "--frozen", "--only-group", group),
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
    trim_sdk.slim(folder)
    compile_all(folder, _MOUNTED)
    make_readable(folder)


def _assemble(packages: Path, sources: dict[Path, bytes], folder: Path) -> None:
    # Links, because a copy of some thousand files takes longer than all the rest.
    shutil.copytree(packages, folder, copy_function=os.link)
    write(sources, folder / "common")
    compile_all(folder / "common", f"{_MOUNTED}/common")
    make_readable(folder / "common")
