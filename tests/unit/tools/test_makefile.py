"""The targets of the Makefile: what they refuse, and what they do before they fail."""

import os
import subprocess
from pathlib import Path

import pytest

from infra.spec.paths import PROJECT
from infra.spec.stages import STAGES


def make(
    *arguments: str, folder: Path = PROJECT, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run make in a folder, without the installation and without AWS credentials."""
    return subprocess.run(
        ["make", f"--file={PROJECT / 'Makefile'}", "--old-file=setup", *arguments],
        cwd=folder,
        env={"PATH": os.environ["PATH"], **environment},
        capture_output=True,
        text=True,
    )


@pytest.mark.parametrize("target", ["deploy", "diff", "destroy"])
def test_an_unknown_stage_is_refused_before_anything_else(target: str) -> None:
    result = make(target, "STAGE=prdo")
    assert (result.returncode, result.stdout) == (2, "")
    assert "there is no stage prdo" in result.stderr
    assert all(stage in result.stderr for stage in STAGES)
    assert "credentials" not in result.stderr


@pytest.mark.parametrize("base", ["", "BASE=/nowhere"])
def test_a_comparison_needs_another_checkout_before_it_synthesizes(base: str) -> None:
    result = make("compare", *filter(None, [base]))
    assert (result.returncode, result.stdout) == (2, "")
    assert "make compare BASE=../main" in result.stderr


def test_format_mends_all_that_it_can_before_it_reports_the_rest(tmp_path: Path) -> None:
    (tmp_path / ".venv").symlink_to(PROJECT / ".venv")
    (tmp_path / "pyproject.toml").write_text((PROJECT / "pyproject.toml").read_text())
    file = tmp_path / "infra.py"
    file.write_text(f"import sys\nLONG   = '{'x' * 100}'\n")
    result = make("format", folder=tmp_path)
    assert file.read_text() == f'LONG = "{"x" * 100}"\n'
    assert result.returncode == 2
    assert "E501" in result.stdout
