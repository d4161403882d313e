"""The promises of the operator's command line to scripts, for each command."""

import subprocess
import sys
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from infra.spec.paths import PROJECT
from infra.spec.stages import STAGES
from local.emulator.process import free_port
from local.run_folder import Endpoint, RunFolder
from ops.__main__ import app
from ops.deployment import RUN_FOLDER_VARIABLE
from ops.options import FAILED, USAGE

COMMANDS = sorted(typer.main.get_group(app).commands)
# Required arguments.
ARGUMENTS = {"capacity": ["100"], "find": ["00000000-0000-4000-8000-000000000000"]}
# Commands that need no deployment, only the settings of a stage.
WITHOUT_DEPLOYMENT = {"capacity"}

each_command = pytest.mark.parametrize("command", COMMANDS)


def run(*arguments: str, folder: Path | None = None) -> Result:
    return CliRunner().invoke(
        app, arguments, env={RUN_FOLDER_VARIABLE: str(folder), "NO_COLOR": "1"}
    )


@each_command
def test_its_help_lists_the_common_options(command: str) -> None:
    result = run(command, "--help")
    assert result.exit_code == 0
    for option in ("--json", "--stage"):
        assert option in result.stdout


@each_command
def test_an_unknown_option_is_a_usage_error(command: str) -> None:
    result = run(command, *ARGUMENTS.get(command, []), "--nonsense")
    assert (result.exit_code, result.stdout) == (USAGE, "")
    assert "--nonsense" in result.stderr


@pytest.mark.parametrize("command", sorted({*COMMANDS} - WITHOUT_DEPLOYMENT))
def test_without_a_deployment_it_fails_with_advice(command: str, tmp_path: Path) -> None:
    result = run(command, *ARGUMENTS.get(command, []), "--json", folder=tmp_path)
    assert (result.exit_code, result.stdout) == (FAILED, "")
    assert "Start it with `make up`" in result.stderr


@pytest.mark.parametrize("command", sorted({*COMMANDS} - WITHOUT_DEPLOYMENT))
def test_after_the_emulator_was_killed_it_fails_with_advice(command: str, tmp_path: Path) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    RunFolder(tmp_path).write_endpoint(Endpoint(f"{url}/dev", "key", url, {}, []))
    result = run(command, *ARGUMENTS.get(command, []), "--json", folder=tmp_path)
    assert (result.exit_code, result.stdout) == (FAILED, "")
    assert result.stderr == "The local run has ended unexpectedly. Start it with `make up`.\n"


@each_command
def test_an_unknown_stage_is_a_usage_error(command: str) -> None:
    result = run(command, *ARGUMENTS.get(command, []), "--stage", "qa")
    assert (result.exit_code, result.stdout) == (USAGE, "")
    assert all(stage in result.stderr for stage in STAGES)


@each_command
def test_the_operations_page_lists_it(command: str) -> None:
    assert f"| `ops {command}" in (PROJECT / "docs" / "operations.md").read_text()


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_shells_complete_the_commands(shell: str) -> None:
    environment = {
        "bash": {"COMP_WORDS": "ops ", "COMP_CWORD": "1"},
        "zsh": {"_TYPER_COMPLETE_ARGS": "ops "},
        "fish": {"_TYPER_COMPLETE_ARGS": "ops ", "_TYPER_COMPLETE_FISH_ACTION": "get-args"},
    }[shell]
    result = CliRunner().invoke(
        app, prog_name="ops", env={"_OPS_COMPLETE": f"complete_{shell}", **environment}
    )
    for command in COMMANDS:
        assert command in result.stdout


def test_the_overview_explains_the_exit_status() -> None:
    text = " ".join(run("--help").stdout.split())
    assert "0 success, 1 the command found a problem or failed, 2 wrong usage" in text


@pytest.mark.parametrize("module", ["ops.__main__", "local.__main__"])
def test_a_command_line_starts_without_loading_the_cdk(module: str) -> None:
    code = f"import sys, {module}; print('aws_cdk' in sys.modules)"
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout == "False\n"
