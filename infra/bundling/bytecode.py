"""Compile the layer's and the functions' modules to bytecode of the Lambda runtime."""

import json
import shutil
import subprocess
from pathlib import Path
from zipfile import ZipFile

from infra.bundling.content_cache import build_once, digest
from infra.bundling.python_version import PYTHON_VERSION
from infra.spec.paths import BUILD, PROJECT

_COMPILER = Path(__file__).parent / "bytecode.mjs"
_LOCK = PROJECT / "package-lock.json"

PYODIDE = PROJECT / "node_modules" / "pyodide"
"""The folder of the compiler."""


def compiler_inputs() -> bytes:
    """Return the inputs that decide the bytecode, besides the source code.

    Raises:
        ValueError: The compiler is not installed, or is another version of Python than the
            runtime.
    """
    _check_compiler()
    inputs = (Path(__file__), _COMPILER, _LOCK)
    return b"".join((PYTHON_VERSION.encode(), *(path.read_bytes() for path in inputs)))


def _check_compiler() -> None:
    try:
        compiler = json.loads((PYODIDE / "pyodide-lock.json").read_text())["info"]["python"]
    except FileNotFoundError:
        raise ValueError("The compiler, pyodide, is not installed. Run `make setup`.") from None
    if compiler.split(".")[:2] == PYTHON_VERSION.split("."):
        return
    # Since Python 3.14, Pyodide's releases have the number of Python's version.
    release = {"3.12": "0.27", "3.13": "0.29"}.get(PYTHON_VERSION, PYTHON_VERSION.replace(".", ""))
    raise ValueError(
        f"PYTHON_VERSION in infra/bundling/python_version.py is {PYTHON_VERSION}, but the installed"
        f" pyodide, which compiles the functions and the layer, is Python {compiler}. In"
        f" package.json, set pyodide to a version that begins with {release}., and run `make lock`"
        " and `make setup`."
    )


def compile_modules(folder: Path, mounted: str) -> None:
    """Compile every module below ``folder`` for the runtime, next to its source.

    Lambda mounts code read-only, so it would compile a module without bytecode at every cold
    start. The bytecode is of the kind that Python does not compare with the source, since zipping
    loses the modification times (PEP 552).

    Args:
        folder: The modules.
        mounted: The folder of the modules in Lambda, for tracebacks.

    Raises:
        subprocess.CalledProcessError: A module cannot be compiled; standard error says why.
        ValueError: The compiler is not installed, or is another version of Python.
    """
    inputs = digest(compiler_inputs())
    library = build_once(BUILD / f"pyodide-{inputs}", _compile_library) / _LIBRARY
    _compile(folder, mounted, library)


_LIBRARY = "python_stdlib.zip"


def _compile_library(folder: Path) -> None:
    """Write Pyodide's standard library with bytecode, without which a start takes twice as long."""
    modules = folder / "modules"
    with ZipFile(PYODIDE / _LIBRARY) as sources:
        sources.extractall(modules)
    _compile(modules, "/lib/python", PYODIDE / _LIBRARY)
    with ZipFile(folder / _LIBRARY, "w") as library:
        for path in sorted(modules.rglob("*.*")):
            name = path.relative_to(modules)
            # Python finds the bytecode of a zipped module only beside its source.
            beside = name.parent.parent / f"{name.name.split('.')[0]}.pyc"
            library.write(path, beside if path.suffix == ".pyc" else name)
    shutil.rmtree(modules)


def _compile(folder: Path, mounted: str, library: Path) -> None:
    command = ("node", str(_COMPILER), str(folder), mounted, str(library))
    subprocess.run(command, check=True)  # noqa: S603
