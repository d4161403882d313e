"""The folder of one local run: its files, and the lock that prevents a second run.

The processes of the run hold the lock (``flock``), so the kernel releases it when the last of them
ends or is killed.
"""

import contextlib
import fcntl
import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

from infra.spec.paths import RUN_FOLDER
from infra.spec.stages import Authorization
from local.settings import Settings


@dataclass(frozen=True)
class Endpoint:
    """The addresses of the deployed service; the content of ``endpoint.json``."""

    api_url: str
    """The API's base URL, without a slash at its end: ``f"{api_url}{entity.path}"``."""
    api_key: str
    """The value for the ``x-api-key`` header."""
    aws_endpoint_url: str
    """The emulator's URL, for AWS's SDKs and CLI."""
    outputs: dict[str, str]
    """The outputs of the stack."""
    log_groups: list[str]
    """The log groups of the functions and of the API's access log."""


@dataclass(frozen=True)
class Run:
    """A local run in progress. A field is None as long as its subject does not exist."""

    supervisor: int | None = None
    """The id of the process that supervises the run; None for a run in the background."""
    emulator: int | None = None
    """The id of the emulator's process."""
    aws_endpoint_url: str | None = None
    """The emulator's URL."""
    reference_url: str | None = None
    """The URL of the API reference."""
    stage: str | None = None
    """The stage whose template is deployed."""
    authorization: Authorization | None = None
    """The authorization instead of the stage's own."""
    debug: str | None = None
    """The function that connects to a debugger, and optionally a colon and the debugger's port."""

    @property
    def settings(self) -> Settings:
        """The settings of the run."""
        return Settings(
            port=urlsplit(self.aws_endpoint_url or "").port,
            stage=self.stage,
            authorization=self.authorization,
            debug=self.debug,
        )

    def with_settings(self, settings: Settings) -> "Run":
        """Return the run with its settings; the port is part of the URL."""
        return replace(
            self,
            stage=settings.stage,
            authorization=settings.authorization,
            debug=settings.debug,
        )


@dataclass(frozen=True)
class RunFolder:
    """The folder of one local run."""

    path: Path = RUN_FOLDER
    """The path of the folder, which is created when it is needed."""

    @property
    def endpoint_file(self) -> Path:
        """The deployed service's :class:`Endpoint`, as JSON."""
        return self.path / "endpoint.json"

    @property
    def emulator_log(self) -> Path:
        return self.path / "emulator.log"

    def cdk_log(self, command: str) -> Path:
        """Return the path of the log of a CDK command."""
        return self.path / f"cdk-{command}.log"

    @property
    def assembly(self) -> Path:
        """The synthesized cloud assembly."""
        return self.path / "cdk.out"

    @property
    def sources_file(self) -> Path:
        """The sources of the deployed stack (:mod:`local.code_update`), as JSON."""
        return self.path / "sources.json"

    @property
    def tmp(self) -> Path:
        """The temporary files of the emulator and the functions."""
        return self.path / "tmp"

    def clear(self) -> None:
        """Remove the files of an earlier run. The caller must hold the lock."""
        for file in (self.endpoint_file, self.sources_file):
            file.unlink(missing_ok=True)
        for folder in (self.tmp, self.assembly):
            shutil.rmtree(folder, ignore_errors=True)
        self.tmp.mkdir(parents=True)

    def write_endpoint(self, endpoint: Endpoint) -> None:
        self.endpoint_file.write_text(json.dumps(asdict(endpoint), indent=2) + "\n")

    def read_endpoint(self) -> Endpoint | None:
        """Return the endpoint of the deployed service, or None if nothing is deployed."""
        try:
            return Endpoint(**json.loads(self.endpoint_file.read_text()))
        except FileNotFoundError:
            return None

    @contextlib.contextmanager
    def lock(self, purpose: str = "run") -> Iterator["Lock | None"]:
        """Hold a lock as long as the context lasts; yield None if another process holds it."""
        self.path.mkdir(parents=True, exist_ok=True)
        with (self.path / f"{purpose}.lock").open("a+") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield None
            else:
                yield Lock(file.fileno())

    def read_run(self) -> Run:
        """Return the run that holds the lock. Outdated if the lock is free."""
        try:
            return Run(**json.loads((self.path / "run.lock").read_text()))
        except (FileNotFoundError, json.JSONDecodeError):
            # The holder has taken the lock, but not yet written to it.
            return Run()


@dataclass(frozen=True)
class Lock:
    """A held lock. A process that inherits the file descriptor also holds it."""

    fd: int

    def write_run(self, run: Run) -> None:
        """Write the run that holds the lock, for :meth:`RunFolder.read_run`."""
        os.ftruncate(self.fd, 0)
        os.pwrite(self.fd, json.dumps(asdict(run)).encode(), 0)
