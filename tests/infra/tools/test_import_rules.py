"""The arrows between the rooms: `make lint` refuses an import that runs the wrong way."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from infra.spec.paths import PROJECT

ROOMS = ("functions", "infra", "layers", "local", "ops", "tools", "bench", "tests")
LAYER = "layers/common/python/common"


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project's code."""
    folder = tmp_path_factory.mktemp("project")
    leave_out = shutil.ignore_patterns("__pycache__", "node_modules")
    for room in ROOMS:
        shutil.copytree(PROJECT / room, folder / room, ignore=leave_out)
    shutil.copy(PROJECT / "pyproject.toml", folder)
    return folder


# The installed project is on the path too, and folders without __init__.py would be merged.
LINT = """
import sys
sys.path[:] = [*sys.argv.pop(1).split(":"), *(path for path in sys.path if "site-packages" in path
    or path.startswith(sys.base_prefix))]
from importlinter.cli import lint_imports_command
lint_imports_command()
"""


def lint_imports(project: Path) -> subprocess.CompletedProcess[str]:
    path = f"{project}:{project}/layers/common/python"
    return subprocess.run(
        [sys.executable, "-c", LINT, path, "--no-logo", "--no-cache"],
        cwd=project,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_deployed_code_depends_on_no_emulator() -> None:
    # Another emulator can run it, too: docs/local-run.md.
    words = ("ministack", "localstack", "moto", ":4566", "000000000000", "AWS_ENDPOINT_URL")
    files = [
        PROJECT / "app.py",
        PROJECT / "cdk.json",
        *(
            path
            for room in ("functions", "infra", "layers")
            for path in (PROJECT / room).rglob("*")
            if path.suffix in {".py", ".json", ".mjs", ".sql"}
        ),
    ]
    assert len(files) > 100
    found = {
        f"{path.relative_to(PROJECT)}: {word}"
        for path in files
        for word in words
        if word.lower() in path.read_text().lower()
    }
    assert found == set()


def test_the_code_keeps_the_rules(copy: Path) -> None:
    result = lint_imports(copy)
    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize(
    ("file", "line", "arrow"),
    [
        ("functions/read/handler.py", "from infra.spec import routes", "functions.read.handler"),
        ("infra/spec/stages.py", "import aws_cdk", "infra.spec.stages -> aws_cdk"),
        ("infra/data/tables.py", "from infra.api import rest_api", "infra.data.tables"),
        ("tools/cost.py", "from local import aws", "tools.cost -> local.aws"),
        ("local/progress.py", "from ops import options", "local.progress -> ops.options"),
        ("ops/options.py", "from bench.load import shipping", "ops.options -> bench.load.shipping"),
        ("infra/stack.py", "from tests import conftest", "infra.stack -> tests.conftest"),
        (f"{LAYER}/dynamodb/tables.py", "from common.crud import entity", "common.dynamodb.tables"),
        (f"{LAYER}/entities/__init__.py", "import botocore", "common.entities -> botocore"),
        (f"{LAYER}/web/callers.py", "from common import handler", "common.web.callers"),
    ],
)
def test_an_import_that_runs_the_wrong_way_is_refused(
    file: str, line: str, arrow: str, copy: Path
) -> None:
    source = (copy / file).read_text()
    (copy / file).write_text(f"{source}\n{line}\n")
    try:
        result = lint_imports(copy)
    finally:
        (copy / file).write_text(source)
    assert result.returncode == 1
    assert arrow in result.stdout
