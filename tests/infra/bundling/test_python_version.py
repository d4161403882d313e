"""The runtime's version of Python is one setting; what has to follow it says so."""

import json
import re
import tomllib
from pathlib import Path

import pytest

from infra.bundling import bytecode
from infra.bundling.function_code import build_code
from infra.bundling.layer_content import build_layer
from infra.bundling.python_version import PYTHON_VERSION
from infra.bundling.runtime import RUNTIME, runtime_of
from infra.spec.paths import FUNCTION_SOURCES, PROJECT

OTHER_COMPILERS = {"3.12": "0.27.", "3.13": "0.29.", "3.14": "314.", "3.15": "315."}
OTHER_COMPILERS.pop(PYTHON_VERSION, None)


@pytest.mark.parametrize(("version", "release"), OTHER_COMPILERS.items())
@pytest.mark.parametrize("code", ["the layer", "the functions"])
def test_another_version_builds_nothing_and_names_the_compiler_to_install(
    code: str, version: str, release: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = json.loads((bytecode.PYODIDE / "pyodide-lock.json").read_text())
    monkeypatch.setattr(bytecode, "PYTHON_VERSION", version)
    with pytest.raises(ValueError, match="PYTHON_VERSION") as error:
        build_layer(tmp_path) if code == "the layer" else build_code(FUNCTION_SOURCES, tmp_path)
    assert str(error.value) == (
        f"PYTHON_VERSION in infra/bundling/python_version.py is {version}, but the installed"
        " pyodide, which compiles the functions and the layer, is Python"
        f" {lock['info']['python']}. In package.json, set pyodide to a version that begins with"
        f" {release}, and run `make lock` and `make setup`."
    )
    assert list(tmp_path.iterdir()) == []


def test_without_the_compiler_a_build_says_how_to_install_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bytecode, "PYODIDE", tmp_path)
    with pytest.raises(ValueError, match=r"pyodide, is not installed\. Run `make setup`\."):
        build_code(FUNCTION_SOURCES, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_version_that_the_cdk_does_not_know_names_the_package_to_update() -> None:
    with pytest.raises(ValueError, match=r"is 3\.99, but the .* aws-cdk-lib .* `make lock`"):
        runtime_of("3.99")


def test_the_runtime_has_the_version() -> None:
    assert RUNTIME.name == f"python{PYTHON_VERSION}"


def test_the_workflows_use_the_runtimes_version_and_the_oldest_supported_one() -> None:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
    oldest = project["requires-python"].removeprefix(">=")
    pattern = re.compile(r'python(?:-version)?: "([0-9.]+)"')
    versions = {
        path.name: set(pattern.findall(path.read_text()))
        for path in (PROJECT / ".github" / "workflows").glob("*.yml")
    }
    assert versions.pop("test.yml") == {oldest, PYTHON_VERSION}
    assert [name for name, found in versions.items() if found - {PYTHON_VERSION}] == []
