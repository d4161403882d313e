"""Compile the layer's and the functions' modules to bytecode of the Lambda runtime."""

import subprocess
from pathlib import Path

from infra.bundling.python_version import PYTHON_VERSION
from infra.spec.paths import PROJECT

_COMPILER = Path(__file__).parent / "bytecode.mjs"
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
    command = ("node", str(_COMPILER), str(folder), mounted, PYTHON_VERSION)
    subprocess.run(command, check=True)  # noqa: S603
