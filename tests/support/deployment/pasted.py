"""The printed examples, as somebody pastes them."""

import os
import re
import shutil
import subprocess

import pytest

from infra.spec.paths import PROJECT
from local.examples import examples
from ops.deployment import HOME
from tests.support.deployment.service import Service


def pasted(service: Service) -> list[int]:
    """The statuses of the answers, in their order."""
    if shutil.which("curl") is None:
        pytest.skip("the examples are for curl")
    answers = subprocess.run(
        ["sh"],
        input="\n".join(each.command for each in examples(service.endpoint)),
        cwd=PROJECT,
        env={**os.environ, HOME: str(service.home.folder)},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return [int(status) for status in re.findall(r"HTTP/1\.1 (\d+)", answers)]
