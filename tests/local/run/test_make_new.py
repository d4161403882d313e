"""`make new`: a copy of the service that has never heard of this one's entities."""

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from common.entities import ENTITIES
from infra.spec.paths import PROJECT
from local.emulator import process
from tests.support.deployment.project_copy import copy_project, run_python
from tools.new_service.copy import NewService, write_copy
from tools.new_service.words import Words

ENTITY, NAME, REGION = "line-item", "stock-service", "eu-central-1"

_GENERATED = {".build", ".git", ".local", ".venv", "cdk.out", "node_modules", "__pycache__"}

THIRD_PARTY_WORDS = {
    ".github/workflows": r"^jobs:",
    "Makefile": r"--jobs=\d+",
    "LICENSE": r"Copyright .*",
}
"""Words of GitHub, GNU make and the licence, by the files that have them."""


def make(folder: Path, *words: str) -> str:
    """Run make as a user does, outside this run of make, and return its output."""
    inherited = ("MAKE", "PYTEST", "PORT", "VIRTUAL_ENV")
    environment = {k: v for k, v in os.environ.items() if not k.startswith(inherited)}
    done = subprocess.run(
        ["make", "--no-print-directory", *words],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


@pytest.fixture(scope="module")
def new_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of a new service."""
    folder = tmp_path_factory.mktemp("new") / NAME
    names = (f"NAME={NAME}", f"ENTITY={ENTITY}", f"REGION={REGION}", f"DIR={folder}")
    make(PROJECT, "new", *names)
    yield folder
    make(folder, "down")


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of a new service, of which none is installed or generated."""
    folder = tmp_path_factory.mktemp("copy") / NAME
    write_copy(NewService(NAME, REGION, Words.of(ENTITY)), folder)
    return folder


def files(folder: Path) -> Iterator[Path]:
    """Yield the files of a project that are neither installed nor built."""
    for path in sorted(folder.rglob("*")):
        relative = path.relative_to(folder)
        if path.is_file() and _GENERATED.isdisjoint(relative.parts):
            yield relative


def words_about_this_service(folder: Path) -> list[str]:
    """Return the lines and names of files that speak of an entity of this service."""
    # The first one is this project's own; the noun of another may be an everyday word.
    noun = re.compile(ENTITIES[0].noun, re.IGNORECASE)
    found = []
    for path in files(folder):
        if noun.search(str(path)):
            found.append(str(path))
        text = (folder / path).read_bytes().decode(errors="replace")
        for place, words in THIRD_PARTY_WORDS.items():
            if str(path).startswith(place):
                text = re.sub(words, "", text, flags=re.MULTILINE)
        found += [f"{path}: {line}" for line in text.splitlines() if noun.search(line)]
    return found


def test_a_copy_does_not_speak_of_the_entities_of_this_service(copy: Path) -> None:
    assert words_about_this_service(copy) == []


def test_a_copy_has_its_own_name_and_region(copy: Path) -> None:
    assert f'name = "{NAME}"' in (copy / "pyproject.toml").read_text()
    assert f'REGION = "{REGION}"' in (copy / "infra/spec/service.py").read_text()


def test_a_project_without_its_history_can_be_copied(tmp_path: Path) -> None:
    project, new = copy_project(tmp_path / "downloaded", whole=True), tmp_path / "new"
    names = f"NewService({NAME!r}, {REGION!r}, Words.of({ENTITY!r})), Path({str(new)!r})"
    run_python(project, "-c", f"from tools.new_service.copy import *; write_copy({names})")
    assert (new / "infra" / "stack.py").exists()
    assert not (new / ".venv").exists()


@pytest.mark.nightly
def test_the_generated_files_do_not_speak_of_the_entities_of_this_service(
    new_service: Path,
) -> None:
    assert words_about_this_service(new_service) == []


@pytest.mark.nightly
def test_the_new_service_has_no_history(new_service: Path) -> None:
    log = subprocess.run(
        ["git", "log"], cwd=new_service, capture_output=True, text=True, check=False
    )
    assert "does not have any commits" in log.stderr


@pytest.mark.nightly
def test_the_new_service_runs_and_passes_its_smoke_test(new_service: Path) -> None:
    make(new_service, "up", f"PORT={process.free_port()}")
    smoke = subprocess.run(
        [".venv/bin/ops", "smoke"], cwd=new_service, capture_output=True, text=True, check=False
    )
    assert smoke.returncode == 0, smoke.stdout + smoke.stderr
    assert "It works." in smoke.stdout


@pytest.mark.parametrize("name", ["Orders", "aws-orders", "9lives"])
def test_a_name_that_aws_would_refuse_is_refused_at_once(name: str, tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="cannot be called"):
        make(PROJECT, "new", f"NAME={name}", f"ENTITY={ENTITY}", f"DIR={tmp_path / 'new'}")
    assert not (tmp_path / "new").exists()


def test_a_folder_with_files_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("mine")
    with pytest.raises(AssertionError, match="is not empty"):
        make(PROJECT, "new", f"NAME={NAME}", f"ENTITY={ENTITY}", f"DIR={tmp_path}")
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


@pytest.mark.nightly
def test_all_tests_of_the_new_service_pass(new_service: Path) -> None:
    make(new_service, "test")
