"""The reuse of cloud assemblies: the same inputs are synthesized once, and others again."""

import json
import os
import subprocess
import time
from importlib.util import source_from_cache
from pathlib import Path
from typing import NamedTuple

import pytest

from infra.bundling.cloud_assembly import digest_inputs, read_inputs, with_all_assets
from infra.spec.paths import BUILD, COMMON, PROJECT
from tests.support.deployment.project_copy import copy_project, forget_assemblies

RECORD_OPENED_FILES = """
import os, sys
log = os.open(os.environ["OPENED_FILES"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
def record(event, arguments):
    if event == "open" and isinstance(arguments[0], str):
        os.write(log, os.path.abspath(arguments[0]).encode() + b"\\n")
sys.addaudithook(record)
"""
NOT_IN_A_REPOSITORY = {".build", ".venv", "__pycache__", "node_modules"}
ENVIRONMENT = {"CDK_CONTEXT_JSON": json.dumps({"stage": "dev"}), "CDK_CLI_VERSION": "2.0.0"}


def source(file: Path) -> Path:
    """Return the source of a file of bytecode, which Python opens instead; or the file itself."""
    return Path(source_from_cache(file)) if file.suffix == ".pyc" else file


class Synthesis(NamedTuple):
    """A finished run of the command in ``cdk.json``."""

    output: Path
    """The folder that the command line of the CDK has named."""
    opened: set[Path]
    """The files that Python has opened, or whose bytecode it has."""
    status: int
    errors: str


class Project:
    """A copy of the project with its own builds."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.path = copy_project(folder / "project")
        forget_assemblies(self.path)
        hook = folder / "hook" / "sitecustomize.py"
        hook.parent.mkdir()
        hook.write_text(RECORD_OPENED_FILES)

    def synthesize(self) -> Synthesis:
        run = self._folder / f"run{len(list(self._folder.iterdir()))}"
        run.mkdir()
        context = json.loads((self.path / "cdk.json").read_text())["context"]
        done = subprocess.run(
            ["sh", "tools/app.sh"],
            cwd=self.path,
            env={
                "PATH": os.environ["PATH"],
                "PYTHONPATH": str(self._folder / "hook"),
                "OPENED_FILES": str(run / "opened"),
                "CDK_CONTEXT_JSON": json.dumps(context),
                "CDK_VALIDATION": "false",
                "CDK_OUTDIR": str(run / "cdk.out"),
            },
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
        opened = {source(Path(line)) for line in (run / "opened").read_text().splitlines()}
        return Synthesis(run / "cdk.out", opened, done.returncode, done.stderr)

    def assemblies(self) -> list[Path]:
        """Return the kept assemblies."""
        return list((self.path / BUILD.name).glob("assembly-*"))


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return Project(tmp_path_factory.mktemp("assembly"))


@pytest.fixture(scope="module")
def first(project: Project) -> Synthesis:
    """The first synthesis of the project."""
    synthesis = project.synthesize()
    assert synthesis.status == 0, synthesis.errors
    return synthesis


def contents(folder: Path) -> dict[Path, bytes]:
    return {
        path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


def test_the_same_inputs_give_the_same_assembly_without_a_synthesis(
    first: Synthesis, project: Project
) -> None:
    second = project.synthesize()
    assert second.status == 0
    assert contents(second.output) == contents(first.output)
    assert not any(path.is_symlink() for path in second.output.rglob("*"))
    assert any("aws_cdk" in path.parts for path in first.opened)
    assert not any("aws_cdk" in path.parts for path in second.opened)


def test_the_digest_covers_every_file_of_the_repository_that_a_synthesis_reads(
    first: Synthesis, project: Project
) -> None:
    covered = {project.path / path for path in read_inputs(project.path)}
    read = {
        path
        for path in first.opened
        if path.is_relative_to(project.path) or path.is_relative_to(PROJECT)
        if path.is_file() and not NOT_IN_A_REPOSITORY & {*path.parts}
    }
    assert project.path / "infra" / "stack.py" in read
    assert read <= covered


def test_an_assembly_is_deleted_a_week_after_its_last_use(
    first: Synthesis, project: Project
) -> None:
    kept = project.assemblies()
    unused, recent = (kept[0].with_name(f"assembly-{name}") for name in ("unused", "recent"))
    for folder, days in ((unused, 8), (recent, 6), (kept[0], 8)):
        folder.mkdir(exist_ok=True)
        os.utime(folder, (time.time() - days * 86_400,) * 2)
    project.synthesize()
    assert {*project.assemblies()} == {*kept, recent}


def test_a_failed_synthesis_is_not_kept(first: Synthesis, project: Project) -> None:
    app, kept = project.path / "app.py", project.assemblies()
    original = app.read_text()
    app.write_text("raise SystemExit('The app is broken.')")
    try:
        for _ in range(2):
            synthesis = project.synthesize()
            assert synthesis.status != 0
            assert "The app is broken." in synthesis.errors
    finally:
        app.write_text(original)
    assert project.assemblies() == kept


@pytest.mark.parametrize(
    "file",
    [
        "app.py",
        "infra/stack.py",
        "infra/spec/stages.py",
        "infra/bundling/bytecode.mjs",
        "functions/read/handler.py",
        str(COMMON.relative_to(PROJECT) / "handler.py"),
        "uv.lock",
        "package-lock.json",
    ],
)
def test_a_changed_file_is_synthesized_again(file: str, project: Project) -> None:
    before = digest_inputs(ENVIRONMENT, project.path)
    path = project.path / file
    original = path.read_bytes()
    path.write_bytes(original + b"\n")
    try:
        assert digest_inputs(ENVIRONMENT, project.path) != before
    finally:
        path.write_bytes(original)


def test_an_added_file_is_synthesized_again(project: Project) -> None:
    before = digest_inputs(ENVIRONMENT, project.path)
    added = project.path / "functions" / "read" / "more.py"
    added.touch()
    try:
        assert digest_inputs(ENVIRONMENT, project.path) != before
    finally:
        added.unlink()


@pytest.mark.parametrize(
    "changed",
    [
        {"CDK_CONTEXT_JSON": json.dumps({"stage": "prod"})},
        {"CDK_CLI_VERSION": "2.0.1"},
        {"CDK_DEFAULT_ACCOUNT": "123456789012"},
        {"CDK_VALIDATION": "false"},
    ],
)
def test_another_context_is_synthesized_again(changed: dict[str, str]) -> None:
    assert digest_inputs({**ENVIRONMENT, **changed}) != digest_inputs(ENVIRONMENT)


@pytest.mark.parametrize("output", ["CDK_OUTDIR", "CDK_ERROR_FILE", "CDK_PERF_COUNTERS_FILE"])
def test_another_output_folder_is_not_synthesized_again(output: str) -> None:
    assert digest_inputs({**ENVIRONMENT, output: "/elsewhere"}) == digest_inputs(ENVIRONMENT)


def test_a_command_after_ls_is_not_synthesized_again() -> None:
    after_ls, other = (
        with_all_assets(
            {"CDK_CONTEXT_JSON": json.dumps({"stage": "dev", "aws:cdk:bundling-stacks": stacks})}
        )
        for stacks in ([], ["**"])
    )
    assert digest_inputs(after_ls) == digest_inputs(other)
    assert json.loads(after_ls["CDK_CONTEXT_JSON"])["aws:cdk:bundling-stacks"] == ["**"]
