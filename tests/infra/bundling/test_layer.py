"""The layer: complete, small in surprises, and the same wherever it is built."""

import json
import os
import shutil
import struct
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import pytest
from aws_cdk import FileSystem

from infra.bundling.function_code import build_code
from infra.bundling.layer import build_layer
from infra.spec.paths import BUILD, COMMON, FUNCTION_SOURCES
from infra.spec.routes import FUNCTIONS, Function
from local.lambda_runtime import interpreter
from tests.support.lambda_variables import LAMBDA_VARIABLES
from tests.support.templates.synthesized import Synthesized

START = """
import json, sys
from importlib.machinery import SourceFileLoader
compiled = []
compile = SourceFileLoader.source_to_code
def source_to_code(self, data, path, **options):
    compiled.append(path)
    return compile(self, data, path, **options)
SourceFileLoader.source_to_code = source_to_code
sys.path[:0] = json.loads(sys.argv[1])
import handler
assert callable(handler.handler)
loaded = sorted(m.__file__ for m in sys.modules.values() if getattr(m, "__file__", None))
print(json.dumps([loaded, compiled]))
"""
PYTHON_3_13 = interpreter.find_runtime_python()


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
    return build_layer(BUILD)


@pytest.fixture
def cache(layer: Path, tmp_path: Path) -> Path:
    """A cache that has the packages already, which take long, and no layer."""
    folder = tmp_path / "cache"
    folder.mkdir()
    for packages in BUILD.glob("packages-*"):
        (folder / packages.name).symlink_to(packages)
    return folder


def test_builds_elsewhere_at_the_same_time_are_the_same_and_leave_no_rubbish(
    layer: Path, tmp_path: Path, other_umask: None
) -> None:
    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(build_layer, [tmp_path, tmp_path])
    assert first == second != layer
    assert FileSystem.fingerprint(str(first)) == FileSystem.fingerprint(str(layer))
    assert modes(first) == modes(layer)
    assert sorted(path.name.split("-")[0] for path in tmp_path.iterdir()) == ["layer", "packages"]


def modes(folder: Path) -> dict[Path, int]:
    return {path.relative_to(folder): path.stat().st_mode for path in folder.rglob("*")}


def test_a_second_build_finds_what_the_first_made(layer: Path) -> None:
    before = layer.stat().st_ino
    assert build_layer(BUILD) == layer
    assert layer.stat().st_ino == before


def test_a_changed_line_makes_another_layer(ours: Path, cache: Path) -> None:
    before = build_layer(cache, ours)
    file = ours / "contract.py"
    file.write_text(file.read_text() + "# changed\n")
    assert build_layer(cache, ours) != before


def test_what_running_the_code_leaves_behind_makes_no_other_layer(ours: Path, cache: Path) -> None:
    before = build_layer(cache, ours)
    (ours / "__pycache__").mkdir(exist_ok=True)
    (ours / "__pycache__" / "ladder.cpython-313.pyc").write_bytes(b"stale")
    assert build_layer(cache, ours) == before


def test_a_module_that_is_no_python_makes_no_layer(
    ours: Path, cache: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (ours / "contract.py").write_text("JSON = (\n")
    with pytest.raises(subprocess.CalledProcessError):
        build_layer(cache, ours)
    said = capfd.readouterr().err
    assert "contract.py" in said
    assert "'(' was never closed" in said
    assert list(cache.glob("layer-*")) == []


@pytest.mark.parametrize("code", ["the layer", "the functions"])
def test_all_code_has_bytecode_of_the_runtime_that_is_trusted_as_it_is(
    code: str, layer: Path
) -> None:
    folder = layer if code == "the layer" else build_code(FUNCTION_SOURCES)
    modules = list(folder.rglob("*.py"))
    assert modules
    for module in modules:
        bytecode = module.parent / "__pycache__" / f"{module.stem}.cpython-313.pyc"
        # https://peps.python.org/pep-0552/#specification; 3571 is Python 3.13.
        magic, flags = struct.unpack("<H2xI", bytecode.read_bytes()[:8])
        assert (magic, flags) == (3571, 0b01), module


@pytest.mark.skipif(PYTHON_3_13 is None, reason="there is no Python 3.13 on this machine")
@pytest.mark.parametrize("function", FUNCTIONS)
def test_nothing_is_compiled_at_a_cold_start(
    function: Function, layer: Path, dev: Synthesized
) -> None:
    assert PYTHON_3_13
    started = start(PYTHON_3_13, function, layer, dev)
    assert len(started.loaded) > 300
    assert started.compiled == []


def test_the_layer_holds_no_commands_or_installer_records(layer: Path) -> None:
    names = {path.name for path in layer.rglob("*")}
    unwanted = {
        "RECORD",
        "INSTALLER",
        "REQUESTED",
        "direct_url.json",
        ".lock",
        "bin",
    }
    assert names & unwanted == set()
    assert [path.name for path in layer.iterdir()] == ["python"]


def test_the_layer_holds_our_code_and_its_schemas(layer: Path) -> None:
    shipped = layer / "python" / "common"
    for source in (COMMON / "contract.py", *(COMMON / "schemas").glob("*.json")):
        assert (shipped / source.relative_to(COMMON)).read_bytes() == source.read_bytes()


def test_compiled_code_is_for_the_processor_and_python_of_the_runtime(layer: Path) -> None:
    compiled = [path.name for path in layer.rglob("*.so")]
    assert compiled
    assert all("cpython-313-aarch64" in name for name in compiled)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_starts_with_nothing_but_the_layer(
    function: Function, layer: Path, dev: Synthesized
) -> None:
    loaded = start(Path(sys.executable), function, layer, dev).loaded
    allowed = (str(layer), str(build_code(FUNCTION_SOURCES)), str(Path(os.__file__).parent))
    assert [name for name in loaded if not name.startswith(allowed)] == []
    assert not [name for name in loaded if "site-packages" in name]


class Started(NamedTuple):
    """What the start of a function did: files that it loaded, modules that it compiled."""

    loaded: list[str]
    compiled: list[str]


def start(python: Path, function: Function, layer: Path, stack: Synthesized) -> Started:
    """Import a function as Lambda does."""
    variables = stack.at(f"{function.capitalize()}/Function").properties["Environment"]["Variables"]
    folders = [str(layer / "python"), str(build_code(FUNCTION_SOURCES) / function)]
    # Isolated, and without site-packages.
    command = [str(python), "-I", "-S", "-B", "-c", START, json.dumps(folders)]
    result = subprocess.run(
        command, env={**variables, **LAMBDA_VARIABLES}, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    return Started(*json.loads(result.stdout.splitlines()[-1]))
