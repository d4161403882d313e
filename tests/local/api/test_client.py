"""The recipe for a typed client: it generates one, and its example runs as it stands."""

import os
import re
import subprocess
import sys
from pathlib import Path

from infra.spec.paths import PROJECT
from tests.support.deployment.service import Service

GUIDE = PROJECT / "docs" / "client.md"
PATIENCE_SECONDS = 120


def _run(*command: str, folder: Path, **environment: str) -> None:
    """Run a command in the environment of the generator and the client."""
    isolated = ("--isolated", "--frozen", "--only-group", "client", "--project", str(PROJECT))
    done = subprocess.run(
        [sys.executable, "-m", "uv", "--quiet", "run", *isolated, *command],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": "client", "MYPYPATH": "client", **environment},
        timeout=PATIENCE_SECONDS,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_generated_client_is_typed_and_does_what_the_guide_says(
    service: Service, tmp_path: Path
) -> None:
    (recipe,) = re.findall(r"uvx openapi-python-client@[\d.]+ generate (.*)", GUIDE.read_text())
    (example,) = re.findall(r"```python\n(.*?)```", GUIDE.read_text(), re.DOTALL)
    (tmp_path / "openapi.json").write_bytes((PROJECT / "docs" / "openapi.json").read_bytes())
    (tmp_path / "example.py").write_text(example)

    _run("openapi-python-client", "generate", *recipe.split(), folder=tmp_path)
    _run("mypy", "--strict", "example.py", folder=tmp_path)
    _run("python", "example.py", folder=tmp_path, API=service.api_url, KEY=service.api_key)
