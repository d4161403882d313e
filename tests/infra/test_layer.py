"""The layer: complete, small in surprises, and the same wherever it is built."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from aws_cdk import FileSystem

from infra.functions import SOURCES
from infra.layer import BUILD, COMMON, build
from infra.routes import FUNCTIONS, Function
from tests.infra.synthesized import Synthesized

IMPORT_ALONE = """
import json, sys
sys.path[:0] = json.loads(sys.argv[1])
import handler
assert callable(handler.handler)
print(json.dumps(sorted(m.__file__ for m in sys.modules.values() if getattr(m, "__file__", None))))
"""


@pytest.fixture
def other_umask() -> Iterator[None]:
    before = os.umask(0o077)
    yield
    os.umask(before)


@pytest.fixture
def ours(tmp_path: Path) -> Path:
    """A copy of the layer's own package, to be changed."""
    return Path(shutil.copytree(COMMON, tmp_path / "common"))


@pytest.fixture(scope="session")
def layer() -> Path:
    return build(BUILD)


def test_two_builds_in_two_places_are_the_same(
    layer: Path, tmp_path: Path, other_umask: None
) -> None:
    again = build(tmp_path)
    assert again != layer
    assert FileSystem.fingerprint(str(again)) == FileSystem.fingerprint(str(layer))
    assert modes(again) == modes(layer)


def modes(folder: Path) -> dict[Path, int]:
    return {path.relative_to(folder): path.stat().st_mode for path in folder.rglob("*")}


def test_a_second_build_finds_what_the_first_made(layer: Path) -> None:
    before = layer.stat().st_ino
    assert build(BUILD) == layer
    assert layer.stat().st_ino == before


def test_builds_at_the_same_time_agree_and_leave_no_rubbish(tmp_path: Path) -> None:
    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(build, [tmp_path, tmp_path])
    assert first == second
    assert sorted(path.name.split("-")[0] for path in tmp_path.iterdir()) == ["layer", "packages"]


def test_a_changed_line_makes_another_layer(ours: Path, tmp_path: Path) -> None:
    before = build(tmp_path, ours)
    file = ours / "ladder.py"
    file.write_text(file.read_text() + "# changed\n")
    assert build(tmp_path, ours) != before


def test_what_running_the_code_leaves_behind_makes_no_other_layer(
    ours: Path, tmp_path: Path
) -> None:
    before = build(tmp_path, ours)
    (ours / "__pycache__").mkdir(exist_ok=True)
    (ours / "__pycache__" / "ladder.cpython-313.pyc").write_bytes(b"stale")
    assert build(tmp_path, ours) == before


def test_the_layer_holds_no_commands_bytecode_or_installer_records(layer: Path) -> None:
    names = {path.name for path in layer.rglob("*")}
    unwanted = {
        "__pycache__",
        "RECORD",
        "INSTALLER",
        "REQUESTED",
        "direct_url.json",
        ".lock",
        "bin",
    }
    assert names & unwanted == set()
    assert not [name for name in names if name.endswith(".pyc")]
    assert [path.name for path in layer.iterdir()] == ["python"]


def test_the_layer_holds_our_code_and_its_schemas(layer: Path) -> None:
    shipped = layer / "python" / "common"
    for source in (COMMON / "ladder.py", *(COMMON / "schemas").glob("*.json")):
        assert (shipped / source.relative_to(COMMON)).read_bytes() == source.read_bytes()


def test_compiled_code_is_for_the_processor_and_python_of_the_runtime(layer: Path) -> None:
    compiled = [path.name for path in layer.rglob("*.so")]
    assert compiled
    assert all("cpython-313-aarch64" in name for name in compiled)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_starts_with_nothing_but_the_layer(
    function: Function, layer: Path, dev: Synthesized, tmp_path: Path
) -> None:
    variables = dev.at(f"{function.capitalize()}/Function").properties["Environment"]["Variables"]
    folders = [str(layer / "python"), str(SOURCES / function)]
    # Isolated, and without site-packages.
    command = [sys.executable, "-I", "-S", "-B", "-c", IMPORT_ALONE, json.dumps(folders)]
    result = subprocess.run(
        command,
        env={**variables, "AWS_DEFAULT_REGION": "us-east-1", "AWS_REGION": "us-east-1"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    loaded = json.loads(result.stdout.splitlines()[-1])
    allowed = (*folders, str(Path(os.__file__).parent))
    assert [name for name in loaded if not name.startswith(allowed)] == []
    assert not [name for name in loaded if "site-packages" in name]
