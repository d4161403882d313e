"""What scripts can rely on, of every command of the operator's command line."""

import subprocess
import sys
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from infra.spec.paths import PROJECT
from infra.spec.stages import STAGES
from ops import deployment
from ops.__main__ import app
from ops.options import FAILED, USAGE

COMMANDS = sorted(typer.main.get_group(app).commands)
# What a command cannot do without.
WORDS = {"capacity": ["100"], "find": ["00000000-0000-4000-8000-000000000000"]}
# Asks for the settings of a stage, deployed or not.
OF_NO_DEPLOYMENT = {"capacity"}

each_command = pytest.mark.parametrize("command", COMMANDS)


def run(*words: str, home: Path | None = None) -> Result:
    return CliRunner().invoke(app, words, env={deployment.HOME: str(home), "NO_COLOR": "1"})


@each_command
def test_its_help_says_what_it_does_and_how_to_get_json(command: str) -> None:
    shown = run(command, "--help")
    assert shown.exit_code == 0
    for option in ("--json", "--stage"):
        assert option in shown.stdout


@each_command
def test_an_option_that_it_does_not_have_is_a_wrong_call(command: str) -> None:
    done = run(command, *WORDS.get(command, []), "--nonsense")
    assert (done.exit_code, done.stdout) == (USAGE, "")
    assert "--nonsense" in done.stderr


@pytest.mark.parametrize("command", sorted({*COMMANDS} - OF_NO_DEPLOYMENT))
def test_without_a_deployment_it_fails_and_says_what_to_do(command: str, tmp_path: Path) -> None:
    done = run(command, *WORDS.get(command, []), "--json", home=tmp_path)
    assert (done.exit_code, done.stdout) == (FAILED, "")
    assert "Start it with `make up`" in done.stderr


@each_command
def test_an_unknown_stage_is_a_wrong_call(command: str) -> None:
    done = run(command, *WORDS.get(command, []), "--stage", "qa")
    assert (done.exit_code, done.stdout) == (USAGE, "")
    assert all(stage in done.stderr for stage in STAGES)


@each_command
def test_the_handbook_names_it(command: str) -> None:
    assert f"| `ops {command}" in (PROJECT / "docs" / "operations.md").read_text()


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_shells_complete_the_commands(shell: str) -> None:
    environment = {
        "bash": {"COMP_WORDS": "ops ", "COMP_CWORD": "1"},
        "zsh": {"_TYPER_COMPLETE_ARGS": "ops "},
        "fish": {"_TYPER_COMPLETE_ARGS": "ops ", "_TYPER_COMPLETE_FISH_ACTION": "get-args"},
    }[shell]
    done = CliRunner().invoke(
        app, prog_name="ops", env={"_OPS_COMPLETE": f"complete_{shell}", **environment}
    )
    for command in COMMANDS:
        assert command in done.stdout


def test_the_overview_explains_the_exit_status() -> None:
    words = " ".join(run("--help").stdout.split())
    assert "0 all is well, 1 it found a problem or could not do its work, 2 it was called" in words


@pytest.mark.parametrize("module", ["ops.__main__", "local.__main__"])
def test_nobody_waits_for_the_cdk_to_be_loaded(module: str) -> None:
    asked = f"import sys, {module}; print('aws_cdk' in sys.modules)"
    said = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert said.stdout == "False\n"
