"""The content of the layer as it is uploaded. Its build needs no Docker and is reproducible."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from infra.bundling import sdk_sources, source_edits, trim_sdk
from infra.bundling.bytecode import compile_modules, compiler_inputs
from infra.bundling.content_cache import (
    build_once,
    digest,
    digest_files,
    make_readable,
    read_files,
    write_files,
)
from infra.bundling.python_version import PYTHON_VERSION
from infra.spec.paths import COMMON, PROJECT

_PLATFORM = "aarch64-manylinux_2_28"
"""The platform of the packages; the runtime is based on Amazon Linux 2023, with glibc 2.34."""

_MOUNTED = "/opt/python"
"""The folder where Lambda mounts the layer's modules."""

_UV = (sys.executable, "-m", "uv", "--quiet", "--no-progress")
_INSTALL = (
    *("--python-version", PYTHON_VERSION, "--python-platform", _PLATFORM),
    *("--only-binary", ":all:", "--no-deps", "--require-hashes", "--link-mode", "copy"),
)
# Shell commands and the installer's records, which hold paths of this machine.
_NOT_SHIPPED = ("bin", ".lock", "__pycache__")
_NOT_SHIPPED_METADATA = ("RECORD", "INSTALLER", "REQUESTED", "direct_url.json", "uv_cache.json")


def build_layer(cache: Path, common: Path = COMMON) -> Path:
    """Build the layer, unless the cache has it.

    The same locked packages and the same ``common`` give the same files on every machine. Several
    processes may build at once.

    Args:
        cache: The folder for builds, which may be deleted at any time between builds.
        common: The folder of the package ``common``.

    Returns:
        The folder with the layer's content; it holds ``python/``.

    Raises:
        subprocess.CalledProcessError: uv could not install the locked packages; standard error
            says why.
        ValueError: The compiler is not installed, or is another version of Python.
    """
    requirements = locked_requirements("layer")
    # This code decides what is installed, trimmed and compiled.
    modules = (__file__, sdk_sources.__file__, source_edits.__file__, trim_sdk.__file__)
    code = (*(Path(module).read_bytes() for module in modules), compiler_inputs())
    packages = build_once(
        cache / f"packages-{digest(requirements, *code)}",
        lambda folder: _install(requirements, folder),
    )
    sources = {path: file for path, file in read_files(common).items() if _is_shipped(path)}
    return build_once(
        cache / f"layer-{digest(packages.name.encode(), digest_files(sources).encode())}",
        lambda folder: _assemble(packages, sources, folder / "python"),
    )


def locked_requirements(group: str) -> bytes:
    """Return the packages of a dependency group as uv.lock pins them, with hashes."""
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
    trim_sdk.trim(folder)
    compile_modules(folder, _MOUNTED)
    make_readable(folder)


def _is_shipped(path: Path) -> bool:
    # Functions read the schema of an item. Examples and all other schemas are for tools and tests.
    return path.name != "examples.py" and (path.suffix != ".json" or path.name == "schema.json")


def _assemble(packages: Path, sources: dict[Path, bytes], folder: Path) -> None:
    # Links: copying thousands of files would take longer than the rest of the build.
    shutil.copytree(packages, folder, copy_function=os.link)
    write_files(sources, folder / "common")
    compile_modules(folder / "common", f"{_MOUNTED}/common")
    make_readable(folder / "common")
