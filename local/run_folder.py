"""The folder of one local run: what it writes, and the lock that keeps it the only one.

The lock is the kernel's (``flock``) and is held by the processes of the run themselves, so it
is free again the moment the last of them is gone, however that came about.
"""

import contextlib
import fcntl
import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

from infra.spec.paths import RUN_FOLDER


@dataclass(frozen=True)
class Endpoint:
    """How to reach the deployed service; the content of ``endpoint.json``.

    Attributes:
        api_url: The API's base URL, without a slash at its end: ``f"{api_url}/jobs"``.
        api_key: The value for the ``x-api-key`` header.
        aws_endpoint_url: The emulator, for the AWS command line and SDKs.
        outputs: The stack's outputs.
    """

    api_url: str
    api_key: str
    aws_endpoint_url: str
    outputs: dict[str, str]


@dataclass(frozen=True)
class Run:
    """A local run in progress.

    Attributes:
        supervisor: The process that watches over the run; None for one in the background.
        emulator: The emulator's process, once it is started.
        aws_endpoint_url: Where the emulator listens, once it does.
        reference_url: Where the API reference is, once it is served.
    """

    supervisor: int | None = None
    emulator: int | None = None
    aws_endpoint_url: str | None = None
    reference_url: str | None = None


@dataclass(frozen=True)
class RunFolder:
    """The folder of one local run.

    Args:
        path: Where it is; created when needed.
    """

    path: Path = field(default=RUN_FOLDER)

    @property
    def endpoint_file(self) -> Path:
        """The deployed service's :class:`Endpoint`, as JSON."""
        return self.path / "endpoint.json"

    @property
    def emulator_log(self) -> Path:
        return self.path / "emulator.log"

    def cdk_log(self, command: str) -> Path:
        """All that the last such command of the CDK command line said."""
        return self.path / f"cdk-{command}.log"

    @property
    def assembly(self) -> Path:
        """The synthesized cloud assembly."""
        return self.path / "cdk.out"

    @property
    def tmp(self) -> Path:
        """For the emulator's and the functions' temporary files."""
        return self.path / "tmp"

    def clear(self) -> None:
        """Remove what an earlier run left; only for the holder of the lock."""
        self.endpoint_file.unlink(missing_ok=True)
        for folder in (self.tmp, self.assembly):
            shutil.rmtree(folder, ignore_errors=True)
        self.tmp.mkdir(parents=True)

    def write_endpoint(self, endpoint: Endpoint) -> None:
        self.endpoint_file.write_text(json.dumps(asdict(endpoint), indent=2) + "\n")

    def read_endpoint(self) -> Endpoint | None:
        """The deployed service, if there is one."""
        try:
            return Endpoint(**json.loads(self.endpoint_file.read_text()))
        except FileNotFoundError:
            return None

    @contextlib.contextmanager
    def lock(self, purpose: str = "run") -> Iterator["Lock | None"]:
        """Hold the lock of ``purpose``; None when another process holds it."""
        self.path.mkdir(parents=True, exist_ok=True)
        with (self.path / f"{purpose}.lock").open("a+") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield None
            else:
                yield Lock(file.fileno())

    def current(self) -> Run:
        """What the holder of the run's lock said of itself; only true while it is held."""
        try:
            return Run(**json.loads((self.path / "run.lock").read_text()))
        except (FileNotFoundError, json.JSONDecodeError):
            # Between the taking of the lock and the first word about it.
            return Run()


@dataclass(frozen=True)
class Lock:
    """A held lock. A process that inherits the file descriptor holds it too."""

    fd: int

    def write(self, run: Run) -> None:
        """Tell those who find the lock held who holds it."""
        os.ftruncate(self.fd, 0)
        os.pwrite(self.fd, json.dumps(asdict(run)).encode(), 0)
