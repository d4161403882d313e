"""The CDK modules that mypy follows."""

import re
import tomllib

from infra.spec.paths import PROJECT

FOLDERS = ("infra", "tools", "local", "ops", "bench", "tests")


def test_mypy_checks_exactly_the_cdk_modules_in_use() -> None:
    sources = [PROJECT / "app.py", *(f for name in FOLDERS for f in (PROJECT / name).rglob("*.py"))]
    used = {
        f"aws_cdk.{name}"
        for source in sources
        for name in re.findall(
            r"^\s*from aws_cdk(?: import |\.)(aws_\w+)", source.read_text(), re.MULTILINE
        )
    }
    overrides = tomllib.loads((PROJECT / "pyproject.toml").read_text())["tool"]["mypy"]["overrides"]
    (checked,) = (item["module"] for item in overrides if item.get("follow_imports") == "normal")
    assert {"aws_cdk", *used} == {*checked}
