"""Commands as people type them, in a copy of the project and a separate account."""

import contextlib
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local import aws
from tests.support.deployment.probed_emulator import running_probed_emulator
from tests.support.deployment.project_copy import copy_project

CLEAN_PATH = os.defpath
"""A PATH without the project's environment."""


@dataclass(frozen=True)
class Account:
    """An emulated AWS account, and a copy of the project in which commands are typed."""

    url: str
    """The URL of the emulator."""
    project: Path
    """The copy of the project."""

    def client(self, service: str) -> Any:
        """Create a boto3 client with the permissions of the account's root."""
        return aws.client(service, self.url)

    def type(self, command: str) -> subprocess.CompletedProcess[str]:
        """Run a shell command in the copy of the project, with a clean PATH."""
        inherited = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("AWS_", "CDK_", "NODE_", "VIRTUAL_ENV"))
        }
        return subprocess.run(
            command,
            shell=True,
            cwd=self.project,
            env={
                **inherited,
                "PATH": CLEAN_PATH,
                "AWS_CONFIG_FILE": os.devnull,
                "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
                "AWS_EC2_METADATA_DISABLED": "true",
                "CDK_DISABLE_CLI_TELEMETRY": "true",
                **aws.environment(self.url),
            },
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )

    def succeed(self, command: str) -> str:
        """Run a command that must succeed, and return its output and errors."""
        done = self.type(command)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    def fail(self, command: str) -> str:
        """Run a command that must fail, and return its output and errors."""
        done = self.type(command)
        assert done.returncode != 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    def stack(self, name: str) -> dict[str, Any]:
        """Describe a stack."""
        (description,) = self.client("cloudformation").describe_stacks(StackName=name)["Stacks"]
        stack: dict[str, Any] = description
        return stack


@contextlib.contextmanager
def empty_account(folder: Path) -> Iterator[Account]:
    """Start an emulator that stops with the context, and copy the project.

    Args:
        folder: An empty folder for both.
    """
    project = copy_project(folder / "project")
    with running_probed_emulator(folder / "emulator", "local.emulator.process") as emulator:
        yield Account(emulator.url, project)
