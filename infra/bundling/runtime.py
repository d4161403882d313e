"""The Lambda runtime of all functions, and bytecode for it."""

import subprocess
from pathlib import Path

from aws_cdk import aws_lambda as lambda_

from infra.spec.paths import PROJECT

RUNTIME = lambda_.Runtime.PYTHON_3_13
PYTHON_VERSION = RUNTIME.name.removeprefix("python")
ARCHITECTURE = lambda_.Architecture.ARM_64

_COMPILER = Path(__file__).parent / "compile.mjs"
_LOCK = PROJECT / "package-lock.json"


def compiler() -> bytes:
    """What decides the bytecode besides the source: part of the key of whatever is compiled."""
    return Path(__file__).read_bytes() + _COMPILER.read_bytes() + _LOCK.read_bytes()


def compile_all(folder: Path, at: str) -> None:
    """Compile every module below ``folder`` for the runtime, next to its source.

    Lambda mounts code read-only: what is not compiled here is compiled at every cold start.
    The bytecode is trusted without a look at its source, because the times of both get lost
    when they are zipped (PEP 552).

    Args:
        folder: Where the modules are now.
        at: Where the runtime finds them; tracebacks say so.

    Raises:
        subprocess.CalledProcessError: A module is no Python of this version, or the compiler
            is not installed; it says which on standard error.
    """
    command = ("node", str(_COMPILER), str(folder), at, PYTHON_VERSION)
    subprocess.run(command, check=True)  # noqa: S603
