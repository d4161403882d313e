"""Run the examples that the local run prints."""

import os
import re
import shutil
import subprocess

import pytest

from infra.spec.paths import PROJECT
from local.examples import curl_examples
from ops.deployment import RUN_FOLDER_VARIABLE
from tests.support.deployment.service import Service


def run_examples(service: Service) -> list[int]:
    """Run the examples in a shell, and return the status of each response in order."""
    if shutil.which("curl") is None:
        pytest.skip("the examples need curl")
    output = subprocess.run(
        ["sh"],
        input="\n".join(example.command for example in curl_examples(service.endpoint)),
        cwd=PROJECT,
        env={**os.environ, RUN_FOLDER_VARIABLE: str(service.run_folder.path)},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return [int(status) for status in re.findall(r"HTTP/1\.1 (\d+)", output)]
