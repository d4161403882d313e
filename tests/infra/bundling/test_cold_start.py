"""The CPU time and the imports of a cold start. bench/ measures more precisely."""

import json
import subprocess
import sys
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import pytest

from infra.bundling.function_code import build_code
from infra.bundling.layer_content import build_layer
from infra.spec.paths import BUILD, FUNCTION_SOURCES
from infra.spec.routes import FUNCTIONS, Function
from local.lambda_runtime import interpreter
from tests.support.lambda_variables import LAMBDA_VARIABLES
from tests.support.templates.synthesized import Synthesized

TURNS = 5
BUDGET = 0.65
"""The limit of the CPU time, as a share of a bare client of the whole boto3. The functions take
four fifths of it."""

UNNEEDED = {
    "asyncio",
    "boto3.docs",
    "boto3.resources",
    "boto3.s3.transfer",
    "botocore.docs.service",
    "configparser",
    "dateutil",
    "fastjsonschema.draft04",
    "getpass",
    "importlib.metadata",
    "multiprocessing",
    "pydantic",
    "s3transfer",
    "subprocess",
    "urllib.request",
    "urllib3.filepost",
    "xml.etree",
}
"""Modules that cold starts imported once, needlessly."""

BARE = "boto3"
PROGRAMS = {BARE: "import boto3; boto3.client('dynamodb')"}
MEASURED = """
import json, sys, time
# Lambda's runtime client has loaded these.
import http.client, logging, traceback, urllib.parse
sys.path[:0] = json.loads(sys.argv[1])
before = time.process_time()
{program}
print(json.dumps([time.process_time() - before, sorted(sys.modules)]))
"""


class Start(NamedTuple):
    """One cold start."""

    seconds: float
    """The CPU time."""

    modules: list[str]
    """The modules that were loaded afterwards."""


@pytest.fixture(scope="module")
def starts(dev: Synthesized) -> Mapping[str, list[Start]]:
    """The cold starts of each function and of boto3, in turns: a busy machine affects all alike."""
    boto3 = find_spec("boto3")
    assert boto3
    assert boto3.origin
    layer, functions = build_layer(BUILD) / "python", build_code(FUNCTION_SOURCES)
    folders: dict[str, tuple[Path, ...]] = {name: (layer, functions / name) for name in FUNCTIONS}
    folders[BARE] = (Path(boto3.origin).parent.parent,)
    measurements: dict[str, list[Start]] = {name: [] for name in folders}
    # The first turn compiles modules that have no bytecode for this interpreter.
    for turn in range(TURNS + 1):
        for name, path in folders.items():
            start = measure(name, path, dev)
            if turn:
                measurements[name].append(start)
    return measurements


def measure(name: str, path: tuple[Path, ...], stack: Synthesized) -> Start:
    runtime = interpreter.find_runtime_python()
    as_shipped = runtime is not None and name != BARE
    # The layer has no bytecode for other versions, so the interpreter caches it elsewhere.
    bytecode = ["-B"] if as_shipped else ["-X", f"pycache_prefix={BUILD / 'bytecode'}"]
    program = MEASURED.format(program=PROGRAMS.get(name, "import handler"))
    command = [str(runtime or sys.executable), "-I", "-S", *bytecode, "-c", program]
    variables = {} if name == BARE else variables_of(name, stack)
    process = subprocess.run(
        [*command, json.dumps([str(folder) for folder in path])],
        env={**LAMBDA_VARIABLES, **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    assert process.returncode == 0, process.stderr
    return Start(*json.loads(process.stdout.splitlines()[-1]))


def variables_of(function: Function, stack: Synthesized) -> Mapping[str, str]:
    properties = stack.at(f"{function.capitalize()}/Function").properties
    variables: Mapping[str, str] = properties["Environment"]["Variables"]
    return variables


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_starts_within_its_budget(
    function: Function, starts: Mapping[str, list[Start]]
) -> None:
    # The minimum, since noise only adds time.
    function_seconds, bare_seconds = (
        min(start.seconds for start in starts[name]) for name in (function, BARE)
    )
    assert function_seconds / bare_seconds <= BUDGET


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_cold_start_imports_no_unneeded_modules(
    function: Function, starts: Mapping[str, list[Start]]
) -> None:
    assert UNNEEDED & set(starts[function][0].modules) == set()
