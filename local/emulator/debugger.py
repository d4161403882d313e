"""Connect the processes of one function to a debugger that listens on this machine."""

import json
import tempfile
from pathlib import Path
from typing import Any

import debugpy
from ministack.core import lambda_runtime

from infra.spec.paths import COMMON, FUNCTION_SOURCES
from local.emulator import debugger_client
from local.emulator.wrapping import Wrapper, wrap

PORT = 5678
"""The port of the debugger on the loopback interface, as in .vscode/launch.json."""

_TIMEOUT_SECONDS = 24 * 60 * 60
"""The timeout of the debugged function: a request may wait at a breakpoint."""

_BEFORE_IMPORT = "    try:\n        mod = importlib.import_module(module_name)\n"
_AFTER_REQUEST = "        _ms_msg = json.loads(line)\n"
"""Parts of the worker's script: before it imports the handler, and after it reads a request."""


def debug_function(function: str, port: int) -> None:
    """Let the processes of a function connect to a debugger. Call this before the emulator serves.

    They run the sources of this checkout instead of the deployed copies, so that breakpoints and
    tracebacks are in the editor's files. Only third-party packages come from the layer.

    Args:
        function: The name of the function's folder.
        port: The port on which the debugger listens.
    """
    # Functions see no packages of this environment, so this one gets its own folder.
    packages = Path(tempfile.mkdtemp(prefix="debugger-"))
    (packages / "debugpy").symlink_to(Path(debugpy.__file__).parent)
    client = {"port": port, "packages": str(packages)}
    sources = [str(FUNCTION_SOURCES / function), str(COMMON.parent)]
    script = lambda_runtime._PYTHON_WORKER_SCRIPT
    for part in (_BEFORE_IMPORT, _AFTER_REQUEST):
        assert script.count(part) == 1, "the emulator's worker has changed"
    is_debugged = f"os.environ.get('FUNCTION') == {json.dumps(function)}"
    lambda_runtime._PYTHON_WORKER_SCRIPT = Path(
        debugger_client.__file__
    ).read_text() + script.replace(
        _BEFORE_IMPORT, f"    if {is_debugged}: sys.path[:0] = {sources!r}\n{_BEFORE_IMPORT}"
    ).replace(_AFTER_REQUEST, f"{_AFTER_REQUEST}        if {is_debugged}: connect(**{client!r})\n")

    @wrap(lambda_runtime.Worker, "__init__")
    def wait_at_breakpoints(
        native: Wrapper, worker: Any, name: str, config: dict[str, Any], code: bytes
    ) -> None:
        variables = config.get("Environment", {}).get("Variables", {})
        if variables.get("FUNCTION") == function:
            config = {**config, "Timeout": _TIMEOUT_SECONDS}
        native(worker, name, config, code)
