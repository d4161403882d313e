"""The local run's commands, run as processes, and the processes that they leave."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path

from infra.spec.paths import PROJECT
from local.run_folder import RunFolder
from tests.support.waiting import TIMEOUT_SECONDS, wait_until


def project_environment(project: Path) -> dict[str, str]:
    """Return the environment in which a copy of the project imports its own modules."""
    sources = (project, project / "layers" / "common" / "python")
    return {"PYTHONPATH": os.pathsep.join(map(str, sources))}


class LocalCommand:
    """A command of the local run in progress.

    Args:
        run_folder: The folder of the local run.
        command: run, up, logs or down.
        port: The emulator's port; None if it is not given.
        project: The folder of the project, which may be a copy.
        settings: The other settings, such as STAGE.
    """

    def __init__(
        self,
        run_folder: RunFolder,
        command: str,
        port: int | str | None = None,
        *,
        project: Path = PROJECT,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "local", "--run-folder", run_folder.path, command],
            cwd=project,
            env={
                **os.environ,
                **project_environment(project),
                "PORT": str(port or ""),
                **(settings or {}),
            },
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
        """All output so far, including errors."""
        return "".join(self._lines)

    def wait_for(self, text: str) -> None:
        """Wait until the output contains ``text``.

        Raises:
            AssertionError: The command ended without printing the text.
        """
        wait_until(lambda: text in self.output or self._process.poll() is not None)
        assert text in self.output, self.output

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the command."""
        self._process.send_signal(number)

    def wait(self) -> int:
        """Wait until the command ends, and return its exit status."""
        status = self._process.wait(TIMEOUT_SECONDS)
        self._reader.join()
        return status


def run_folder_processes(run_folder: RunFolder) -> list[str]:
    """Return the command lines of all processes that know the folder of a local run."""
    command_lines = []
    for process in Path("/proc").iterdir():
        try:
            text = (process / "cmdline").read_bytes() + (process / "environ").read_bytes()
        except OSError:
            # Not a process, or one that has just ended, or another user's.
            continue
        if os.fsencode(run_folder.path) in text:
            command_lines.append(text.replace(b"\0", b" ").decode(errors="replace"))
    return command_lines
