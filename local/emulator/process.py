"""Start and stop the process of the embedded AWS.

The emulator and its functions form one process group, so stopping the group leaves no process.
"""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.client import HTTPException
from pathlib import Path
from urllib.request import urlopen

from infra.spec.paths import PROJECT
from infra.spec.service import REGION
from local import aws
from local.errors import LocalRunError
from local.reference import server
from local.run_folder import Lock, Run, RunFolder

HOST = "127.0.0.1"
START_SECONDS = 120

_DETAIL_LINES = 15
"""The lines at the end of the log that an error shows."""

_ENDS_WITH_PARENT = "ENDS_WITH_PARENT"
_REFERENCE_SOCKET = "REFERENCE_SOCKET"
_RUN_FOLDER = "RUN_FOLDER"
_DEBUG = "DEBUG_FUNCTION"


class Emulator:
    """An emulator that this process has started."""

    def __init__(
        self,
        process: subprocess.Popen[bytes],
        endpoint_url: str,
        reference_url: str,
        log: Path,
    ) -> None:
        self._process = process
        self._log = log
        self.endpoint_url = endpoint_url
        """The emulator's URL."""
        self.reference_url = reference_url
        """The URL of the API reference that the emulator serves."""

    @property
    def pid(self) -> int:
        return self._process.pid

    def check(self) -> None:
        """Raise :class:`LocalRunError` if the emulator has ended."""
        if self._process.poll() is not None:
            lines = self._log.read_text(errors="replace").splitlines()
            raise LocalRunError(
                f"The embedded AWS has stopped; its log is {self._log}.",
                details="\n".join(lines[-_DETAIL_LINES:]),
            )

    def stop(self) -> None:
        """Stop the emulator, its functions and their child processes."""
        with self._process:
            stop_emulator(self.pid)


def stop_emulator(pid: int) -> None:
    """Kill the process group of the emulator with the process id ``pid``.

    The emulator has nothing to save: its data is meant to end with it.
    """
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)


@contextlib.contextmanager
def running_emulator(
    run_folder: RunFolder, port: int, lock: Lock, *, module: str = "local.emulator.process"
) -> Iterator[Emulator]:
    """Run an emulator until the end of the context, or of this process.

    Args:
        run_folder: The folder for the emulator's log and temporary files. Its data is in memory.
        port: The emulator's port on the loopback interface. The API reference uses the next
            port, if that is free.
        lock: The run's lock, which the emulator then also holds.
        module: The Python module to run. ``ministack`` is the emulator without the patches.

    Raises:
        LocalRunError: The port is in use, or the emulator did not start.
    """
    with contextlib.ExitStack() as cleanup:
        yield start_emulator(run_folder, port, lock, cleanup, ends_with_parent=True, module=module)


def start_emulator(
    run_folder: RunFolder,
    port: int,
    lock: Lock,
    cleanup: contextlib.ExitStack,
    *,
    ends_with_parent: bool,
    module: str = "local.emulator.process",
    debug: str | None = None,
) -> Emulator:
    """Start an emulator, and wait until it answers.

    The arguments are those of :func:`running_emulator`, and:

    Args:
        cleanup: Receives the call that stops the emulator, as soon as the process exists.
        ends_with_parent: True if the emulator is to end with this process, even if that is
            killed.
        debug: The function that connects to a debugger (:mod:`local.emulator.debugger`), and
            optionally a colon and the debugger's port.
    """
    _check_port(port)
    with (
        run_folder.emulator_log.open("wb") as log,
        server.open_listener(HOST, port + 1) as listener,
        _deferred_signals(),
    ):
        process = subprocess.Popen(  # noqa: S603
            [sys.executable, "-m", module],
            cwd=PROJECT,
            env=_environment(
                run_folder,
                port,
                listener.fileno(),
                ends_with_parent=ends_with_parent,
                debug=debug,
            ),
            stdin=subprocess.PIPE if ends_with_parent else subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            pass_fds=[lock.fd, listener.fileno()],
        )
        url, reference_url = f"http://{HOST}:{port}", server.reference_url(listener)
        emulator = Emulator(process, url, reference_url, run_folder.emulator_log)
        cleanup.callback(emulator.stop)
    lock.write_run(Run(os.getpid(), emulator.pid, emulator.endpoint_url, emulator.reference_url))
    _wait_until_ready(emulator)
    return emulator


@contextlib.contextmanager
def _deferred_signals() -> Iterator[None]:
    """Defer signals, which could otherwise leave a process that nobody stops."""
    deferred: list[int] = []
    handlers = {
        number: signal.signal(number, lambda number, _: deferred.append(number))
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    }
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
        for deferred_number in deferred:
            signal.raise_signal(deferred_number)


def free_port() -> int:
    """Return a port that is currently free on the loopback interface."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def _check_port(port: int) -> None:
    # TCP for requests, UDP for the segments of traces.
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        with socket.socket(type=kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except OSError as error:
                raise LocalRunError(
                    f"Port {port} is in use; choose another one, for example PORT={port + 2}."
                ) from error


def _wait_until_ready(emulator: Emulator) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        emulator.check()
        try:
            with urlopen(f"{emulator.endpoint_url}/_ministack/ready", timeout=10):  # noqa: S310
                return
        except (OSError, HTTPException):
            time.sleep(0.05)
    raise LocalRunError(f"The embedded AWS did not answer within {START_SECONDS} s.")


def _environment(
    run_folder: RunFolder,
    port: int,
    reference_socket: int,
    *,
    ends_with_parent: bool,
    debug: str | None,
) -> dict[str, str]:
    """Return the emulator's whole environment, which it passes on to the functions."""
    return {
        "PATH": os.defpath,
        # Hide the user's AWS profiles and other settings.
        "HOME": str(run_folder.tmp),
        "TMPDIR": str(run_folder.tmp),
        "AUTH": "true",
        "BIND_HOST": HOST,
        "GATEWAY_PORT": str(port),
        # The host in the URLs that functions receive. It must be an address, not a name.
        "MINISTACK_HOST": HOST,
        "MINISTACK_ACCOUNT_ID": aws.ACCOUNT,
        "MINISTACK_REGION": REGION,
        "LAMBDA_EXECUTOR": "local",
        # Lambda sets the address of X-Ray's daemon, which uses UDP: the TCP port is no conflict.
        "AWS_XRAY_DAEMON_ADDRESS": f"{HOST}:{port}",
        # Without Docker, the emulator cannot remove the containers of other emulators.
        "DOCKER_HOST": f"unix://{run_folder.tmp}/no-docker.sock",
        # Start no further servers.
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        _ENDS_WITH_PARENT: "1" if ends_with_parent else "",
        _REFERENCE_SOCKET: str(reference_socket),
        _RUN_FOLDER: str(run_folder.path),
        _DEBUG: debug or "",
    }


def main() -> None:
    """Run the emulator in the process that :func:`start_emulator` has started."""
    # Imported here, since the process that starts the emulator does not need them.
    from ministack import app

    from local.emulator import debugger, patches

    if os.environ.pop(_ENDS_WITH_PARENT):
        threading.Thread(target=_end_with_parent, daemon=True).start()
    listener = socket.socket(fileno=int(os.environ.pop(_REFERENCE_SOCKET)))
    run_folder = RunFolder(Path(os.environ.pop(_RUN_FOLDER)))
    threading.Thread(
        target=server.serve_reference, args=(listener, run_folder), daemon=True
    ).start()
    if debug := os.environ.pop(_DEBUG):
        function, _, debugger_port = debug.partition(":")
        debugger.debug_function(function, int(debugger_port or debugger.PORT))
    patches.apply(f"http://{HOST}:{os.environ['GATEWAY_PORT']}")
    app.main()


def _end_with_parent() -> None:
    # Only the parent holds the other end of the pipe, which the kernel closes with the parent.
    os.read(0, 1)
    stop_emulator(os.getpid())


if __name__ == "__main__":
    main()
