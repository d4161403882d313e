"""The ``ops`` commands, run against a deployed service."""

import os
import subprocess

from infra.spec.paths import PROJECT
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
