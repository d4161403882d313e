"""The part of the debugger that runs in the function's process."""

import fcntl
import os
import socket
import sys
import threading
import time
from pathlib import Path
from typing import Any

_WAIT_SECONDS = 10
_END_SECONDS = 2
_lock: Any = None


def connect(port: int, packages: str) -> None:
    """Connect to the debugger, unless none listens or another process is connected.

    A debugger talks to one process only; a function may have several. They are asked before each
    request, so that the debugger may start to listen at any time.

    Args:
        port: The debugger's port.
        packages: The folder with the package debugpy.
    """
    global _lock
    if _lock is None:
        lock = (Path(packages) / "lock").open("a")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            return
        _lock = lock
    if packages not in sys.path:
        # debugpy would warn that the modules of the standard library are frozen.
        os.environ["PYDEVD_DISABLE_FILE_VALIDATION"] = "1"
        sys.path.append(packages)
    if "debugpy" in sys.modules and sys.modules["debugpy"].is_client_connected():
        return
    if not _is_in_use(port):
        return
    import debugpy

    _end_last_connection()
    debugpy.connect(("127.0.0.1", port))
    # A debugger that has just ended may still listen, but answers no more.
    timer = threading.Timer(_WAIT_SECONDS, lambda: debugpy.wait_for_client.cancel())
    timer.start()
    debugpy.wait_for_client()
    timer.cancel()


def _end_last_connection() -> None:
    # debugpy ends a connection in a thread, and until then takes it for a new one.
    pydevd = sys.modules.get("pydevd")
    debugger = pydevd.get_global_debugger() if pydevd else None
    if not pydevd or not debugger:
        return
    debugger.dispose_and_kill_all_pydevd_threads()
    deadline = time.monotonic() + _END_SECONDS
    while pydevd.get_global_debugger() is debugger and time.monotonic() < deadline:
        time.sleep(0.01)
    if pydevd.get_global_debugger() is debugger:
        pydevd.set_global_debugger(None)


def _is_in_use(port: int) -> bool:
    # A connection as a probe would confuse the debugger.
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return True
        return False
