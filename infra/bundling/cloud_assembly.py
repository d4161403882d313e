"""Run the CDK app, unless it has written a cloud assembly from the same inputs before.

``cdk.json`` names this module, so each command of the CDK runs it: a deployment after a ``diff``
synthesizes nothing again.
"""

import contextlib
import importlib.metadata
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import common
from infra.bundling.content_cache import build_once, digest, digest_files, read_files
from infra.spec.paths import BUILD, PROJECT

_FOLDERS = ("functions", "infra", "layers")
_FILES = ("app.py", "pyproject.toml", "uv.lock", "package-lock.json")
_PACKAGES = ("aws-cdk-lib", "constructs", "jsii")

_OUTPUT = "CDK_OUTDIR"
_OUTPUTS = frozenset({_OUTPUT, "CDK_ERROR_FILE", "CDK_PERF_COUNTERS_FILE"})
"""The environment variables of the CDK that name files to write."""

_KEPT_SECONDS = 7 * 24 * 60 * 60
"""The time after its last use that an assembly is kept."""

_CONTEXT = "CDK_CONTEXT_JSON"
_BUNDLED_STACKS = "aws:cdk:bundling-stacks"

_LONG_CONTEXT = "CONTEXT_OVERFLOW_LOCATION"
"""The environment variable that names a file with the rest of the context."""


def main(environment: Mapping[str, str] = os.environ) -> None:
    """Write the cloud assembly that the CDK's command line asks for.

    Raises:
        SystemExit: The app failed.
    """
    output = environment.get(_OUTPUT)
    if output is None or _LONG_CONTEXT in environment:
        _run_app(environment)
        return
    environment = with_all_assets(environment)
    assembly = build_once(
        BUILD / f"assembly-{digest_inputs(environment)}",
        lambda folder: _synthesize(folder, environment),
    )
    os.utime(assembly)
    shutil.copytree(assembly, output, dirs_exist_ok=True)
    _forget_old_assemblies()


def with_all_assets(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the environment variables, with a context that bundles the assets of all stacks.

    ``cdk ls`` bundles none, so a deployment after it could not use its assembly.
    """
    context = json.loads(environment.get(_CONTEXT, "{}"))
    return {**environment, _CONTEXT: json.dumps({**context, _BUNDLED_STACKS: ["**"]})}


def _forget_old_assemblies() -> None:
    for assembly in BUILD.glob("assembly-*"):
        with contextlib.suppress(FileNotFoundError):
            if time.time() - assembly.stat().st_mtime > _KEPT_SECONDS:
                shutil.rmtree(assembly)


def digest_inputs(environment: Mapping[str, str], project: Path = PROJECT) -> str:
    """Return a digest of all that decides the cloud assembly.

    Args:
        environment: The environment variables, among them the context.
        project: The folder of the project.
    """
    return digest(
        digest_files(read_inputs(project)).encode(),
        *_versions(),
        *(
            f"{name}={value}".encode()
            for name, value in sorted(environment.items())
            if name.startswith("CDK_") and name not in _OUTPUTS
        ),
    )


def read_inputs(project: Path = PROJECT) -> dict[Path, bytes]:
    """Return the files that a synthesis reads, by absolute or relative path.

    Args:
        project: The folder of the project. The paths of its files are relative to it.
    """
    files = {Path(name): (project / name).read_bytes() for name in _FILES}
    for name in _FOLDERS:
        for path, content in read_files(project / name).items():
            files[Path(name) / path] = content
    # A copy of the project may import the package of the project that is installed.
    for folder in map(Path, common.__path__):
        for path, content in read_files(folder).items():
            files[folder / path] = content
    return files


def _versions() -> Iterator[bytes]:
    yield sys.version.encode()
    for package in _PACKAGES:
        yield importlib.metadata.version(package).encode()


def _synthesize(folder: Path, environment: Mapping[str, str]) -> None:
    _run_app({**environment, _OUTPUT: str(folder)})
    for asset in folder.glob("asset.*"):
        # Its name is a digest of its content, and most assemblies have the same ones.
        if asset.is_dir():
            shared = build_once(BUILD / asset.name, asset.rename)
            shutil.rmtree(asset, ignore_errors=True)
            asset.symlink_to(Path("..", shared.name))


def _run_app(environment: Mapping[str, str]) -> None:
    done = subprocess.run([sys.executable, "app.py"], env=dict(environment), check=False)
    if done.returncode:
        sys.exit(done.returncode)


if __name__ == "__main__":
    main()
