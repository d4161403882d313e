"""The layer: complete, reproducible, and with bytecode."""

import json
import multiprocessing
import os
import shutil
import struct
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import NamedTuple

import pytest
from aws_cdk import FileSystem

from common.entities import ENTITIES
from infra.bundling.function_code import build_code
from infra.bundling.layer_content import build_layer
from infra.bundling.python_version import PYTHON_VERSION
from infra.spec.paths import BUILD, COMMON, FUNCTION_SOURCES
from infra.spec.routes import FUNCTIONS, Function
from local.lambda_runtime import interpreter
from tests.support.lambda_variables import LAMBDA_VARIABLES
from tests.support.templates.synthesized import Synthesized

IMPORT = """
import json, sys
from importlib.machinery import SourceFileLoader
compiled = []
compile = SourceFileLoader.source_to_code
def source_to_code(self, data, path, *more, **options):
    compiled.append(path)
    return compile(self, data, path, *more, **options)
SourceFileLoader.source_to_code = source_to_code
sys.path[:0] = json.loads(sys.argv[1])
import handler
assert callable(handler.handler)
loaded = sorted(m.__file__ for m in sys.modules.values() if getattr(m, "__file__", None))
print(json.dumps([loaded, compiled]))
"""
CACHE_TAG = f"cpython-{PYTHON_VERSION.replace('.', '')}"
"""The part of a file's name that says for which Python it was compiled."""

MAGIC = {"3.13": 3571, "3.14": 3627, "3.15": 3666}[PYTHON_VERSION]
"""The number at the beginning of bytecode: CPython's Include/internal/pycore_magic_number.h."""

RUNTIME_PYTHON = interpreter.find_runtime_python()


@pytest.fixture
def other_umask() -> Iterator[None]:
    before = os.umask(0o077)
    yield
    os.umask(before)


@pytest.fixture
def common_copy(tmp_path: Path) -> Path:
    """A copy of the package ``common`` that a test may change."""
    return Path(shutil.copytree(COMMON, tmp_path / "common"))


@pytest.fixture(scope="session")
def layer() -> Path:
    return build_layer(BUILD)


@pytest.fixture(scope="module")
def cache(layer: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Another cache with the built packages, which take long."""
    folder = tmp_path_factory.mktemp("cache")
    for packages in BUILD.glob("packages-*"):
        (folder / packages.name).symlink_to(packages)
    return folder


def test_parallel_builds_in_another_cache_are_identical_and_clean_up(
    layer: Path, tmp_path: Path, other_umask: None
) -> None:
    with ProcessPoolExecutor(2, multiprocessing.get_context("spawn")) as pool:
        first, second = pool.map(build_layer, [tmp_path, tmp_path])
    assert first == second != layer
    assert FileSystem.fingerprint(str(first)) == FileSystem.fingerprint(str(layer))
    assert modes(first) == modes(layer)
    assert sorted(path.name.split("-")[0] for path in tmp_path.iterdir()) == ["layer", "packages"]


def modes(folder: Path) -> dict[Path, int]:
    return {path.relative_to(folder): path.stat().st_mode for path in folder.rglob("*")}


def test_a_second_build_reuses_the_first(layer: Path) -> None:
    before = layer.stat().st_ino
    assert build_layer(BUILD) == layer
    assert layer.stat().st_ino == before


def test_a_changed_line_gives_another_layer(common_copy: Path, cache: Path) -> None:
    before = build_layer(cache, common_copy)
    file = common_copy / "contract.py"
    file.write_text(file.read_text() + "# changed\n")
    assert build_layer(cache, common_copy) != before


def test_local_bytecode_does_not_change_the_layer(common_copy: Path, cache: Path) -> None:
    before = build_layer(cache, common_copy)
    (common_copy / "__pycache__").mkdir(exist_ok=True)
    (common_copy / "__pycache__" / f"contract.{CACHE_TAG}.pyc").write_bytes(b"stale")
    assert build_layer(cache, common_copy) == before


def test_a_syntax_error_fails_the_build(
    common_copy: Path, cache: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    before = set(cache.iterdir())
    (common_copy / "contract.py").write_text("JSON = (\n")
    with pytest.raises(subprocess.CalledProcessError):
        build_layer(cache, common_copy)
    errors = capfd.readouterr().err
    assert "contract.py" in errors
    assert "'(' was never closed" in errors
    assert set(cache.iterdir()) == before


@pytest.mark.parametrize("code", ["the layer", "the functions"])
def test_all_code_has_unchecked_bytecode_of_the_runtimes_version(code: str, layer: Path) -> None:
    folder = layer if code == "the layer" else build_code(FUNCTION_SOURCES)
    modules = list(folder.rglob("*.py"))
    assert modules
    for module in modules:
        bytecode = module.parent / "__pycache__" / f"{module.stem}.{CACHE_TAG}.pyc"
        # https://peps.python.org/pep-0552/#specification
        magic, flags = struct.unpack("<H2xI", bytecode.read_bytes()[:8])
        assert (magic, flags) == (MAGIC, 0b01), module


@pytest.mark.skipif(RUNTIME_PYTHON is None, reason="this machine lacks the Python of the runtime")
@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_cold_start_compiles_nothing(function: Function, layer: Path, dev: Synthesized) -> None:
    assert RUNTIME_PYTHON
    files = import_function(RUNTIME_PYTHON, function, layer, dev)
    assert len(files.loaded) > 300
    assert files.compiled == []


def test_the_layer_holds_no_commands_or_installer_records(layer: Path) -> None:
    names = {path.name for path in layer.rglob("*")}
    excluded = {
        "RECORD",
        "INSTALLER",
        "REQUESTED",
        "direct_url.json",
        ".lock",
        "bin",
    }
    assert names & excluded == set()
    assert [path.name for path in layer.iterdir()] == ["python"]


@pytest.mark.mission(
    "shape: Each HTTP method maps to its own small Lambda with a narrowly scoped IAM role"
    " (for example read-only for GET), and all of them share a Lambda layer holding the"
    " retrying DynamoDB client, S3 log shipper and SSM config loader.",
)
def test_the_layer_holds_the_common_package_with_the_schema_of_each_entity(layer: Path) -> None:
    shipped = layer / "python" / "common"
    schemas = [entity.folder / "schema.json" for entity in ENTITIES]
    for source in (COMMON / "contract.py", *schemas):
        assert (shipped / source.relative_to(COMMON)).read_bytes() == source.read_bytes()


def test_the_layer_holds_no_file_that_only_tools_read(common_copy: Path, cache: Path) -> None:
    folder = common_copy / "entities" / ENTITIES[0].folder.name
    (folder / "more.json").write_text("{}")
    shipped = build_layer(cache, common_copy) / "python" / "common"
    names = {path.relative_to(shipped).as_posix() for path in shipped.rglob("*.*")}
    schemas = {f"entities/{entity.folder.name}/schema.json" for entity in ENTITIES}
    assert {name for name in names if name.endswith(".json")} == schemas
    assert [name for name in names if "examples" in name] == []


def test_extension_modules_are_for_the_runtimes_processor_and_version(layer: Path) -> None:
    compiled = [path.name for path in layer.rglob("*.so")]
    assert compiled
    assert all(f"{CACHE_TAG}-aarch64" in name for name in compiled)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_imports_only_the_layer_and_the_standard_library(
    function: Function, layer: Path, dev: Synthesized
) -> None:
    loaded = import_function(Path(sys.executable), function, layer, dev).loaded
    allowed = (str(layer), str(build_code(FUNCTION_SOURCES)), str(Path(os.__file__).parent))
    assert [name for name in loaded if not name.startswith(allowed)] == []
    assert not [name for name in loaded if "site-packages" in name]


class ImportedFiles(NamedTuple):
    """The files that the import of a function used."""

    loaded: list[str]
    """All files of modules."""

    compiled: list[str]
    """The files that were compiled, for lack of bytecode."""


def import_function(
    python: Path, function: Function, layer: Path, stack: Synthesized
) -> ImportedFiles:
    """Import a function as Lambda does, and return the files that this used."""
    variables = stack.at(f"{function.capitalize()}/Function").properties["Environment"]["Variables"]
    folders = [str(layer / "python"), str(build_code(FUNCTION_SOURCES) / function)]
    # Isolated mode, without site-packages.
    command = [str(python), "-I", "-S", "-B", "-c", IMPORT, json.dumps(folders)]
    result = subprocess.run(
        command, env={**variables, **LAMBDA_VARIABLES}, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    return ImportedFiles(*json.loads(result.stdout.splitlines()[-1]))
