"""The command line of the local run: ``python -m local run|up|logs|down``."""

import argparse
import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from types import FrameType

from botocore.exceptions import BotoCoreError
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from watchfiles import watch

from infra.spec.paths import PROJECT
from infra.spec.service import SERVICE_TITLE
from local.code_update import WATCHED, update_code
from local.deploy import CdkDeployment
from local.emulator.process import Emulator, start_emulator, stop_emulator
from local.errors import LocalRunError
from local.examples import curl_examples
from local.log_follower import LogFollower
from local.log_format import readable_lines
from local.progress import Progress
from local.run_folder import Endpoint, Lock, Run, RunFolder
from local.settings import DEFAULT_PORT, Settings, read_settings, refuse_changes

_STOP_SECONDS = 30
_FOLLOW_SECONDS = 0.5
_EARLIER_LINES = 20
"""The lines that ``make logs`` shows of the time before it."""

_DEBOUNCE_SECONDS = 0.4
"""The time in which an editor saves several files."""

_POLL_SECONDS = 0.05
_FAILED, _INTERRUPTED = 1, 130


class Cli:
    """The commands. Each raises :class:`LocalRunError` if it fails.

    Args:
        run_folder: The folder of the local run.
        console: Receives the output.
        settings: The settings that the user has given.
    """

    def __init__(self, run_folder: RunFolder, console: Console, settings: Settings) -> None:
        self._run_folder = run_folder
        self._console = console
        self._progress = Progress(console)
        self._settings = settings

    def run(self) -> None:
        """Deploy to a new emulator, and again when a source is saved, and follow the log.

        An interrupt ends all of it.
        """
        with self._run_folder.lock() as lock, contextlib.ExitStack() as cleanup:
            if lock is None:
                raise self._already_running()
            cleanup.callback(self._run_folder.clear)
            emulator, endpoint = self._start(lock, cleanup, ends_with_parent=True)
            self._show(endpoint, emulator.reference_url)
            folders = ", ".join(folder.name for folder in WATCHED)
            self._console.print(
                f"[dim]Changes in {folders} are deployed when you save them. The log follows.\n"
                "Ctrl-C stops everything and deletes the data.[/]\n",
                soft_wrap=True,
            )
            with contextlib.suppress(KeyboardInterrupt):
                self._follow_and_redeploy(emulator, endpoint)
            self._console.print("\nStopping …")

    def up(self) -> None:
        """Deploy to an emulator in the background: to the running one, or to a new one."""
        with self._run_folder.lock() as lock:
            if lock is None:
                endpoint = self._update()
                run, state = self._run_folder.read_run(), "The service runs on, with its data."
            else:
                with contextlib.ExitStack() as cleanup:
                    _, endpoint = self._start(lock, cleanup, ends_with_parent=False)
                    cleanup.pop_all()
                run = replace(self._run_folder.read_run(), supervisor=None)
                lock.write_run(run)
                state = "Everything runs in the background."
        self._show(endpoint, run.reference_url)
        self._console.print(
            f"[dim]{state} `make up` deploys changes and keeps the data, `make logs` follows the"
            " log, `make down` stops everything and deletes the data.[/]"
        )

    def update(self) -> None:
        """Deploy to the running emulator, for another process that shows the endpoint."""
        with self._run_folder.lock() as lock:
            if lock is not None:
                raise LocalRunError("Nothing is running.")
            self._update()

    def logs(self) -> None:
        """Follow the log of a service that another command has started, until interrupted."""
        endpoint = self._run_folder.read_endpoint()
        if endpoint is None:
            raise LocalRunError("Nothing is running. Start it with `make up`.")
        log = LogFollower(endpoint)
        with contextlib.suppress(KeyboardInterrupt):
            try:
                self._print_log(log.new_lines()[-_EARLIER_LINES:])
                while True:
                    time.sleep(_FOLLOW_SECONDS)
                    self._print_log(log.new_lines())
            except BotoCoreError as error:
                raise LocalRunError("The service has stopped.") from error

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
        self._console.print("[dim]Its data is deleted.[/]")

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
        settings = self._settings.resolve()
        with CdkDeployment(self._run_folder, self._progress, settings=settings) as deployment:
            with self._progress.step("Starting the embedded AWS"):
                emulator = start_emulator(
                    self._run_folder,
                    settings.port or DEFAULT_PORT,
                    lock,
                    cleanup,
                    ends_with_parent=ends_with_parent,
                    debug=settings.debug,
                )
            lock.write_run(self._run_folder.read_run().with_settings(settings))
            return emulator, deployment.deploy_to(emulator.endpoint_url)

    def _update(self) -> Endpoint:
        """Deploy to the running emulator: only code if only code has changed."""
        run, endpoint = self._run_folder.read_run(), self._run_folder.read_endpoint()
        url = run.aws_endpoint_url
        if url is None or endpoint is None:
            raise self._already_running()
        refuse_changes(self._settings, run.settings)
        with self._run_folder.lock("deploy") as lock:
            if lock is None:
                raise LocalRunError("A deployment is already in progress; wait until it ends.")
            try:
                if update_code(self._run_folder, self._progress, run.settings, url):
                    return endpoint
                with CdkDeployment(
                    self._run_folder, self._progress, settings=run.settings
                ) as deployment:
                    return deployment.deploy_to(url)
            except KeyboardInterrupt as interrupt:
                raise KeyboardInterrupt("the service runs on") from interrupt

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

    def _follow_and_redeploy(self, emulator: Emulator, endpoint: Endpoint) -> None:
        log = LogFollower(endpoint)
        # What was saved while the service started was not watched.
        is_checked = False
        for changes in watch(
            *WATCHED,
            debounce=_milliseconds(_FOLLOW_SECONDS),
            step=_milliseconds(_DEBOUNCE_SECONDS),
            rust_timeout=_milliseconds(_FOLLOW_SECONDS),
            yield_on_timeout=True,
        ):
            if changes or not is_checked:
                is_checked = True
                self._redeploy()
                log.follow(self._run_folder.read_endpoint() or endpoint)
            try:
                lines = log.new_lines()
            except BotoCoreError:
                emulator.check()
                raise
            self._print_log(lines)

    def _redeploy(self) -> None:
        """Deploy in a new process, since this one has imported the earlier sources."""
        command = (sys.executable, "-m", "local", "--run-folder", str(self._run_folder.path))
        # Ctrl-C must not reach the process, which would report it.
        with subprocess.Popen(  # noqa: S603
            [*command, "update"], cwd=PROJECT, start_new_session=True
        ) as process:
            try:
                failed = process.wait()
            finally:
                process.terminate()
        if failed:
            self._console.print("The earlier version runs on; save a file to try again.\n")

    def _print_log(self, lines: Iterable[str]) -> None:
        width = self._console.width if self._console.is_terminal else None
        for line in readable_lines(lines, width=width):
            self._console.print(line, soft_wrap=True)


def _milliseconds(seconds: float) -> int:
    return int(seconds * 1000)


def _stop(run: Run) -> None:
    with contextlib.suppress(ProcessLookupError):
        if run.supervisor is not None:
            # The supervisor stops everything else, and reports that in its terminal.
            os.kill(run.supervisor, signal.SIGTERM)
            return
    if run.emulator is not None:
        stop_emulator(run.emulator)


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    # Further signals must not interrupt the cleanup.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m local", description=__doc__)
    parser.add_argument("command", choices=["run", "up", "update", "logs", "down"])
    parser.add_argument(
        "--run-folder", type=Path, default=RunFolder().path, help="the folder of the run"
    )
    arguments = parser.parse_args()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    console = Console()
    try:
        deploys = arguments.command in ("run", "up")
        settings = read_settings(os.environ) if deploys else Settings()
        cli = Cli(RunFolder(arguments.run_folder), console, settings)
        getattr(cli, arguments.command)()
    except LocalRunError as error:
        if error.details:
            console.print(error.details, style="dim", markup=False, soft_wrap=True)
        console.print(f"{error}", style="bold red", highlight=False, soft_wrap=True)
        sys.exit(_FAILED)
    except KeyboardInterrupt as interrupt:
        console.print(f"Interrupted; {str(interrupt) or 'everything is stopped'}.")
        sys.exit(_INTERRUPTED)


if __name__ == "__main__":
    main()
