"""Compile the layer's and the functions' modules to bytecode of the Lambda runtime."""

import shutil
import subprocess
from pathlib import Path
from zipfile import ZipFile

from infra.bundling.content_cache import build_once, digest
from infra.bundling.python_version import PYTHON_VERSION
from infra.spec.paths import BUILD, PROJECT

_COMPILER = Path(__file__).parent / "bytecode.mjs"
_PYODIDE = PROJECT / "node_modules" / "pyodide"
_LOCK = PROJECT / "package-lock.json"


def compiler_inputs() -> bytes:
    """Return the inputs that decide the bytecode, besides the source code."""
    return Path(__file__).read_bytes() + _COMPILER.read_bytes() + _LOCK.read_bytes()


def compile_modules(folder: Path, mounted: str) -> None:
    """Compile every module below ``folder`` for the runtime, next to its source.

    Lambda mounts code read-only, so it would compile a module without bytecode at every cold
    start. The bytecode is of the kind that Python does not compare with the source, since zipping
    loses the modification times (PEP 552).

    Args:
        folder: The modules.
        mounted: The folder of the modules in Lambda, for tracebacks.

    Raises:
        subprocess.CalledProcessError: A module cannot be compiled, or the compiler is not
            installed; standard error says why.
    """
    inputs = digest(compiler_inputs(), PYTHON_VERSION.encode())
    library = build_once(BUILD / f"pyodide-{inputs}", _compile_library) / _LIBRARY
    _compile(folder, mounted, library)


_LIBRARY = "python_stdlib.zip"


def _compile_library(folder: Path) -> None:
    """Write Pyodide's standard library with bytecode, without which a start takes twice as long."""
    modules = folder / "modules"
    with ZipFile(_PYODIDE / _LIBRARY) as sources:
        sources.extractall(modules)
    _compile(modules, "/lib/python", _PYODIDE / _LIBRARY)
    with ZipFile(folder / _LIBRARY, "w") as library:
        for path in sorted(modules.rglob("*.*")):
            name = path.relative_to(modules)
            # Python finds the bytecode of a zipped module only beside its source.
            beside = name.parent.parent / f"{name.name.split('.')[0]}.pyc"
            library.write(path, beside if path.suffix == ".pyc" else name)
    shutil.rmtree(modules)


def _compile(folder: Path, mounted: str, library: Path) -> None:
    command = ("node", str(_COMPILER), str(folder), mounted, PYTHON_VERSION, str(library))
    subprocess.run(command, check=True)  # noqa: S603
