"""The embedded AWS as a process of its own: starting it, and stopping all of it.

The emulator and the functions that it runs form one process group, so nothing is left when the
group is ended.
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
from infra.spec.stages import REGION
from local import aws
from local.errors import LocalRunError
from local.reference import server
from local.run_folder import Lock, Run, RunFolder

HOST = "127.0.0.1"
START_SECONDS = 30

_EVIDENCE_LINES = 15
_ENDS_WITH_PARENT = "ENDS_WITH_PARENT"
_REFERENCE_SOCKET = "REFERENCE_SOCKET"
_RUN_FOLDER = "RUN_FOLDER"


class Emulator:
    """A running emulator that this process has started.

    Attributes:
        endpoint_url: Where it listens.
        reference_url: Where it serves the API reference.
    """

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
        self.reference_url = reference_url

    @property
    def pid(self) -> int:
        return self._process.pid

    def check(self) -> None:
        """Raise :class:`LocalRunError` if it has ended."""
        if self._process.poll() is not None:
            said = self._log.read_text(errors="replace").splitlines()
            raise LocalRunError(
                f"The embedded AWS has stopped; its log is {self._log}.",
                evidence="\n".join(said[-_EVIDENCE_LINES:]),
            )

    def stop(self) -> None:
        """End it, its functions, and all that they started."""
        with self._process:
            stop(self.pid)


def stop(pid: int) -> None:
    """End the emulator with the process id ``pid``, its functions, and all that they started.

    At once, because there is nothing to be saved: what it holds is gone with it by intent.
    """
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)


@contextlib.contextmanager
def running_emulator(
    run_folder: RunFolder, port: int, lock: Lock, *, module: str = "local.emulator.process"
) -> Iterator[Emulator]:
    """An emulator that lives as long as the context, or this process.

    Args:
        run_folder: Where it keeps its log and temporary files; everything else is in its memory.
        port: Its port on the loopback interface. The one above it is for the API reference,
            if it is free.
        lock: The run's lock, which the emulator then holds too.
        module: The Python module to run: ``ministack`` is the emulator with all its gaps.

    Raises:
        LocalRunError: The port is busy, or the emulator did not start.
    """
    with contextlib.ExitStack() as cleanup:
        yield start(run_folder, port, lock, cleanup, ends_with_parent=True, module=module)


def start(
    run_folder: RunFolder,
    port: int,
    lock: Lock,
    cleanup: contextlib.ExitStack,
    *,
    ends_with_parent: bool,
    module: str = "local.emulator.process",
) -> Emulator:
    """Start an emulator and wait until it answers; for the rest, see :func:`running`.

    Args:
        cleanup: Stops it, however little of it there is yet.
        ends_with_parent: Whether it ends by itself when this process does, killed or not.
    """
    _check_port(port)
    with (
        run_folder.emulator_log.open("wb") as log,
        server.listen(HOST, port + 1) as listener,
        _uninterrupted(),
    ):
        process = subprocess.Popen(  # noqa: S603
            [sys.executable, "-m", module],
            cwd=PROJECT,
            env=_environment(
                run_folder, port, listener.fileno(), ends_with_parent=ends_with_parent
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
    lock.write(Run(os.getpid(), emulator.pid, emulator.endpoint_url, emulator.reference_url))
    _wait_until_ready(emulator)
    return emulator


@contextlib.contextmanager
def _uninterrupted() -> Iterator[None]:
    """Let signals wait, so that nothing is started of which nobody knows how to stop it."""
    waiting: list[int] = []
    before = {
        number: signal.signal(number, lambda number, _: waiting.append(number))
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        for arrived in waiting:
            signal.raise_signal(arrived)


def free_port() -> int:
    """A port on the loopback interface that is free now."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def _check_port(port: int) -> None:
    # One for requests, one for the segments of traces.
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
            with urlopen(f"{emulator.endpoint_url}/_ministack/ready", timeout=1):  # noqa: S310
                return
        except (OSError, HTTPException):
            time.sleep(0.05)
    raise LocalRunError(f"The embedded AWS did not answer within {START_SECONDS} s.")


def _environment(
    run_folder: RunFolder, port: int, reference_socket: int, *, ends_with_parent: bool
) -> dict[str, str]:
    """All that the emulator sees of the environment; it hands everything on to the functions."""
    return {
        "PATH": os.defpath,
        # Neither AWS profiles nor anything else of the person's own.
        "HOME": str(run_folder.tmp),
        "TMPDIR": str(run_folder.tmp),
        "AUTH": "true",
        "BIND_HOST": HOST,
        "GATEWAY_PORT": str(port),
        # The host in URLs that it gives to functions; it has to be an address, not a name.
        "MINISTACK_HOST": HOST,
        "MINISTACK_ACCOUNT_ID": aws.ACCOUNT,
        "MINISTACK_REGION": REGION,
        "LAMBDA_EXECUTOR": "local",
        # Lambda tells functions where X-Ray's daemon listens: to UDP, so the number is free.
        "AWS_XRAY_DAEMON_ADDRESS": f"{HOST}:{port}",
        # No containers: it would look for its own, and remove those of other emulators.
        "DOCKER_HOST": f"unix://{run_folder.tmp}/no-docker.sock",
        # Nor servers that nobody asked for.
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        _ENDS_WITH_PARENT: "1" if ends_with_parent else "",
        _REFERENCE_SOCKET: str(reference_socket),
        _RUN_FOLDER: str(run_folder.path),
    }


def main() -> None:
    """Be the emulator: the other end of :func:`start`."""
    # Only here: whoever starts the emulator need not load it.
    from ministack import app

    from local.emulator import patches

    if os.environ.pop(_ENDS_WITH_PARENT):
        threading.Thread(target=_end_with_parent, daemon=True).start()
    listener = socket.socket(fileno=int(os.environ.pop(_REFERENCE_SOCKET)))
    run_folder = RunFolder(Path(os.environ.pop(_RUN_FOLDER)))
    threading.Thread(target=server.serve, args=(listener, run_folder), daemon=True).start()
    patches.apply(f"http://{HOST}:{os.environ['GATEWAY_PORT']}")
    app.main()


def _end_with_parent() -> None:
    # The other end of the pipe is held by the parent alone, and closed by the kernel.
    os.read(0, 1)
    stop(os.getpid())


if __name__ == "__main__":
    main()
