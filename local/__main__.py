"""The command line of the local run: ``python -m local run|up|down``."""

import argparse
import contextlib
import os
import signal
import sys
import time
from pathlib import Path
from types import FrameType

from botocore.exceptions import BotoCoreError
from rich.console import Console
from rich.padding import Padding
from rich.table import Table

from infra.spec.service import SERVICE_TITLE
from infra.spec.stages import AUTHORIZATIONS, Authorization
from local.deploy import CdkDeployment
from local.emulator.process import Emulator, start_emulator, stop_emulator
from local.errors import LocalRunError
from local.examples import curl_examples
from local.log_follower import LogFollower
from local.log_format import readable_lines
from local.progress import Progress
from local.run_folder import Endpoint, Lock, Run, RunFolder

DEFAULT_PORT = 4566

_STOP_SECONDS = 30
_FOLLOW_SECONDS = 0.5
_POLL_SECONDS = 0.05
_FAILED, _INTERRUPTED = 1, 130


class Cli:
    """The commands. Each raises :class:`LocalRunError` if it fails.

    Args:
        run_folder: The folder of the local run.
        port: The emulator's port.
        console: Receives the output.
        authorization: Overrides the stage's authorization.
    """

    def __init__(
        self,
        run_folder: RunFolder,
        port: int,
        console: Console,
        authorization: Authorization | None = None,
    ) -> None:
        self._run_folder = run_folder
        self._port = port
        self._console = console
        self._progress = Progress(console)
        self._authorization = authorization

    def run(self) -> None:
        """Deploy to a new emulator, follow the log until interrupted, then stop everything."""
        with self._run_folder.lock() as lock, contextlib.ExitStack() as cleanup:
            if lock is None:
                raise self._already_running()
            cleanup.callback(self._run_folder.clear)
            emulator, endpoint = self._start(lock, cleanup, ends_with_parent=True)
            self._show(endpoint, emulator.reference_url)
            self._console.print("[dim]The functions' log follows. Ctrl-C stops everything.[/]\n")
            with contextlib.suppress(KeyboardInterrupt):
                self._follow(emulator, endpoint)
            self._console.print("\nStopping …")

    def up(self) -> None:
        """Deploy to an emulator in the background: to the running one, or to a new one."""
        with self._run_folder.lock() as lock:
            if lock is None:
                endpoint = self._update()
                run = self._run_folder.read_run()
            else:
                with contextlib.ExitStack() as cleanup:
                    emulator, endpoint = self._start(lock, cleanup, ends_with_parent=False)
                    cleanup.pop_all()
                run = Run(None, emulator.pid, emulator.endpoint_url, emulator.reference_url)
                lock.write_run(run)
        self._show(endpoint, run.reference_url)
        self._console.print("[dim]Everything runs in the background. `make down` stops it.[/]")

    def down(self) -> None:
        """Stop the local run, even if another process started it."""
        with self._run_folder.lock() as lock:
            if lock is not None:
                self._run_folder.clear()
                self._console.print("Nothing is running.")
                return
        with self._progress.step("Stopping everything"):
            run = self._run_folder.read_run()
            _stop(run)
            deadline = time.monotonic() + _STOP_SECONDS
            while not self._has_ended():
                if time.monotonic() > deadline:
                    process = run.supervisor or run.emulator
                    raise LocalRunError(f"Process {process} does not stop; end it with kill -9.")
                time.sleep(_POLL_SECONDS)

    def _has_ended(self) -> bool:
        with self._run_folder.lock() as lock:
            if lock is None:
                return False
            self._run_folder.clear()
            return True

    def _start(
        self, lock: Lock, cleanup: contextlib.ExitStack, *, ends_with_parent: bool
    ) -> tuple[Emulator, Endpoint]:
        lock.write_run(Run(supervisor=os.getpid()))
        self._run_folder.clear()
        with self._deployment() as deployment:
            with self._progress.step("Starting the embedded AWS"):
                emulator = start_emulator(
                    self._run_folder, self._port, lock, cleanup, ends_with_parent=ends_with_parent
                )
            return emulator, deployment.deploy_to(emulator.endpoint_url)

    def _update(self) -> Endpoint:
        url = self._run_folder.read_run().aws_endpoint_url
        if url is None or self._run_folder.read_endpoint() is None:
            raise self._already_running()
        with self._run_folder.lock("deploy") as lock:
            if lock is None:
                raise LocalRunError("A deployment is already in progress; wait until it ends.")
            with self._deployment() as deployment:
                return deployment.deploy_to(url)

    def _deployment(self) -> CdkDeployment:
        return CdkDeployment(self._run_folder, self._progress, authorization=self._authorization)

    def _already_running(self) -> LocalRunError:
        endpoint = self._run_folder.read_endpoint()
        state = f"running at {endpoint.api_url}" if endpoint else "being started"
        return LocalRunError(f"{SERVICE_TITLE} is already {state}; stop it with `make down`.")

    def _show(self, endpoint: Endpoint, reference_url: str | None) -> None:
        table = Table.grid(padding=(0, 2))
        table.add_row("API", f"[bold]{endpoint.api_url}[/]")
        table.add_row("x-api-key", f"[bold]{endpoint.api_key}[/]")
        table.add_row("Reference", f"[bold]{reference_url}[/] [dim](try it in a browser)[/]")
        table.add_row(
            "AWS",
            f"{endpoint.aws_endpoint_url} [dim](access key id: test, secret access key: test)[/]",
        )
        self._console.print(Padding(table, (1, 0)), soft_wrap=True)
        for example in curl_examples(endpoint):
            self._console.print(f"# {example.title}", style="dim", soft_wrap=True)
            self._console.print(example.command, markup=False, highlight=False, soft_wrap=True)
        self._console.print()

    def _follow(self, emulator: Emulator, endpoint: Endpoint) -> None:
        log = LogFollower(endpoint)
        while True:
            try:
                lines = log.new_lines()
            except BotoCoreError:
                emulator.check()
                raise
            for line in readable_lines(lines):
                self._console.print(line, soft_wrap=True)
            time.sleep(_FOLLOW_SECONDS)


def _stop(run: Run) -> None:
    with contextlib.suppress(ProcessLookupError):
        if run.supervisor is not None:
            # The supervisor stops everything else, and reports that in its terminal.
            os.kill(run.supervisor, signal.SIGTERM)
            return
    if run.emulator is not None:
        stop_emulator(run.emulator)


def _port(text: str) -> int:
    if not text.isdecimal() or not 1024 <= int(text) <= 65_535:
        raise LocalRunError(f"PORT={text} is not a port; choose one from 1024 to 65535.")
    return int(text)


def _authorization(text: str) -> Authorization | None:
    if not text:
        return None
    for authorization in AUTHORIZATIONS:
        if text == authorization:
            return authorization
    choices = ", ".join(AUTHORIZATIONS)
    raise LocalRunError(f"AUTHORIZATION={text} is unknown; choose one of {choices}.")


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    # Further signals must not interrupt the cleanup.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m local", description=__doc__)
    parser.add_argument("command", choices=["run", "up", "down"])
    parser.add_argument(
        "--run-folder", type=Path, default=RunFolder().path, help="the folder of the run"
    )
    arguments = parser.parse_args()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    console = Console()
    try:
        port = _port(os.environ.get("PORT") or str(DEFAULT_PORT))
        authorization = _authorization(os.environ.get("AUTHORIZATION", ""))
        cli = Cli(RunFolder(arguments.run_folder), port, console, authorization)
        {"run": cli.run, "up": cli.up, "down": cli.down}[arguments.command]()
    except LocalRunError as error:
        if error.details:
            console.print(error.details, style="dim", markup=False, soft_wrap=True)
        console.print(f"{error}", style="bold red", highlight=False, soft_wrap=True)
        sys.exit(_FAILED)
    except KeyboardInterrupt:
        console.print("Interrupted; everything is stopped.")
        sys.exit(_INTERRUPTED)


if __name__ == "__main__":
    main()
