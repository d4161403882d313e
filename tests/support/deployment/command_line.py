"""The local run's command line as somebody types it, and the processes that it leaves."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from infra.spec.paths import PROJECT
from local.run_folder import Home

PATIENCE_SECONDS = 90


class Command:
    """A command of the local run under way.

    Args:
        home: The folder of the local run.
        command: run, up or down.
        port: The emulator's port.
    """

    def __init__(self, home: Home, command: str, port: int | str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "local", "--home", home.folder, command],
            cwd=PROJECT,
            env={**os.environ, "PORT": str(port)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._lines: list[str] = []
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stdout
        with self._process.stdout as output:
            self._lines.extend(output)

    @property
    def output(self) -> str:
        """All that it has said until now."""
        return "".join(self._lines)

    def wait_for(self, text: str) -> None:
        """Wait until it says ``text``."""
        eventually(lambda: text in self.output or self._process.poll() is not None)
        assert text in self.output, self.output

    def signal(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def wait(self) -> int:
        """Its exit status, once it has ended."""
        status = self._process.wait(PATIENCE_SECONDS)
        self._reader.join()
        return status


def eventually(condition: Callable[[], object]) -> None:
    """Wait until ``condition`` holds; fail when it does not become so."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


def processes_of(home: Home) -> list[str]:
    """The command lines of all processes that have to do with a local run."""
    found = []
    for process in Path("/proc").iterdir():
        try:
            told = (process / "cmdline").read_bytes() + (process / "environ").read_bytes()
        except OSError:
            # No process, one that has just ended, or somebody else's.
            continue
        if os.fsencode(home.folder) in told:
            found.append(told.replace(b"\0", b" ").decode(errors="replace"))
    return found
