"""The recipe of docs/client.md generates a typed client, and its example runs unchanged."""

import os
import re
import subprocess
import sys
from pathlib import Path

from infra.spec.paths import DOCS, PROJECT
from tests.support.deployment.service import Service
from tests.support.waiting import TIMEOUT_SECONDS

GUIDE = DOCS / "client.md"


def _run(*command: str, folder: Path, **environment: str) -> None:
    """Run a command with the packages of the generator and the client."""
    isolated = ("--isolated", "--frozen", "--only-group", "client", "--project", str(PROJECT))
    process = subprocess.run(
        [sys.executable, "-m", "uv", "--quiet", "run", *isolated, *command],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": "client", "MYPYPATH": "client", **environment},
        timeout=TIMEOUT_SECONDS,
        capture_output=True,
        text=True,
        check=False,
    )
    assert process.returncode == 0, process.stdout + process.stderr


def test_the_generated_client_is_typed_and_runs_the_example(
    service: Service, tmp_path: Path
) -> None:
    (recipe,) = re.findall(r"uvx openapi-python-client@[\d.]+ generate (.*)", GUIDE.read_text())
    (example,) = re.findall(r"```python\n(.*?)```", GUIDE.read_text(), re.DOTALL)
    (tmp_path / "openapi.json").write_bytes((DOCS / "openapi.json").read_bytes())
    (tmp_path / "example.py").write_text(example)

    _run("openapi-python-client", "generate", *recipe.split(), folder=tmp_path)
    _run("mypy", "--strict", "example.py", folder=tmp_path)
    _run("python", "example.py", folder=tmp_path, API=service.api_url, KEY=service.api_key)
