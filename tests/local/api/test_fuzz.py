"""schemathesis generates requests from the OpenAPI document, and checks the responses."""

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
FUZZ_SECONDS = int(os.environ.get("FUZZ_SECONDS", "0"))
"""The duration of a run with new requests; 0 for a short run with the same requests each time."""
SHORT_RUN = ("--seed", "1", "--max-examples", "30")
TIMEOUT_SECONDS = 900
MIN_REQUESTS = 300


def test_every_response_to_a_generated_request_is_as_documented(
    service: Service, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    report_file = tmp_path / "report.json"
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
        *("--report", "json", "--report-json-path", report_file),
        *(("--max-time", str(FUZZ_SECONDS)) if FUZZ_SECONDS else SHORT_RUN),
    ]
    process = subprocess.run(
        command,
        cwd=tmp_path,
        env={
            **os.environ,
            "HOOKS": str(CONFIGURATION / "hooks.py"),
            "PYTHONPATH": os.pathsep.join(sys.path),
        },
        timeout=FUZZ_SECONDS + TIMEOUT_SECONDS,
        capture_output=True,
        text=True,
        check=False,
    )

    assert process.returncode == 0, process.stdout + process.stderr
    report = json.loads(report_file.read_text())
    assert {phase["status"] for phase in report["phases"].values()} == {"success"}
    assert report["operations"]["tested"] == len(ROUTES)
    sent, seconds = report["test_cases"]["generated"], report["running_time"]
    record_property("counted", f"{sent} requests in {seconds:.0f} s, seed {report['seed']}")
    assert sent > MIN_REQUESTS
