"""schemathesis reads the OpenAPI document, and tries to find the service at fault."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from infra.spec.paths import PROJECT
from infra.spec.routes import ROUTES
from tests.support.deployment.service import Service
from tools.openapi.__main__ import FILE

CONFIGURATION = PROJECT / "tests" / "support" / "fuzzing"
SECONDS = int(os.environ.get("FUZZ_SECONDS", "0"))
"""How long to go on with ever other requests; 0 for the same short run each time."""
SHORT = ("--seed", "1", "--max-examples", "30")
PATIENCE_SECONDS = 300
LEAST = 300


def test_no_generated_request_finds_the_service_at_fault(
    service: Service, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    report = tmp_path / "report.json"
    command = [
        *(Path(sys.executable).with_name("schemathesis"), "--no-color"),
        *(
            "--config-file",
            CONFIGURATION / "schemathesis.toml",
            "run",
            FILE,
            "--url",
            service.api_url,
        ),
        *("--header", f"x-api-key: {service.api_key}", "--continue-on-failure"),
        *("--report", "json", "--report-json-path", report),
        *(("--max-time", str(SECONDS)) if SECONDS else SHORT),
    ]
    done = subprocess.run(
        command,
        cwd=tmp_path,
        env={**os.environ, "HOOKS": str(CONFIGURATION / "hooks.py")},
        timeout=SECONDS + PATIENCE_SECONDS,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads(report.read_text())
    assert {phase["status"] for phase in found["phases"].values()} == {"success"}
    assert found["operations"]["tested"] == len(ROUTES)
    sent, seconds = found["test_cases"]["generated"], found["running_time"]
    record_property("counted", f"{sent} requests in {seconds:.0f} s, seed {found['seed']}")
    assert sent > LEAST
