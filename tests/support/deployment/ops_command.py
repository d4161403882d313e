"""The ``ops`` commands, run against a deployed service."""

import os
import subprocess
from pathlib import Path

from typer.testing import CliRunner, Result

from infra.spec.paths import PROJECT
from ops.__main__ import app
from ops.deployment import RUN_FOLDER_VARIABLE
from tests.support.deployment.service import Service


def run_ops(service: Service, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run an ``ops`` command, and return its exit status and output."""
    return subprocess.run(
        [PROJECT / ".venv" / "bin" / "ops", *arguments],
        env={**os.environ, RUN_FOLDER_VARIABLE: str(service.run_folder.path)},
        capture_output=True,
        text=True,
    )


def invoke_ops(run_folder: Path, *arguments: str) -> Result:
    """Run an ``ops`` command in this process, which saves the time to start one.

    Args:
        run_folder: The folder of the local run that the command works on.
        arguments: The command and its arguments.
    """
    environment = {RUN_FOLDER_VARIABLE: str(run_folder), "TZ": "UTC"}
    return CliRunner().invoke(app, arguments, env=environment)
