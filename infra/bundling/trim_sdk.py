"""Trim the layer's packages, so that cold starts are short.

Trimming removes data of the SDK that no function needs, and delays imports that most programs
need only later. tests/infra/bundling/test_trim_sdk.py compares the trimmed SDK with the whole one.
"""

import ast
import gzip
import json
import re
import shutil
from pathlib import Path
from typing import Any

SERVICES = ("dynamodb", "s3", "ssm", "sts")
"""The services whose data is kept; clients of others cannot be created."""

PARTITION = "aws"
"""The partition whose endpoints are kept: all regions but those of China and governments."""

# https://www.amazontrust.com/repository/
_ROOT_NAMES = re.compile(
    "CN=(Amazon Root CA [1-4]|Starfield Services Root Certificate Authority - G2) "
)

_LATE_IMPORTS = {
    # Generates the docstrings of clients, and imports an HTML parser for it.
    "botocore/docs/__init__.py": ("botocore.docs.service",),
    "botocore/docs/docstring.py": (
        "botocore.docs.bcdoc.restdoc",
        "botocore.docs.method",
        "botocore.docs.paginator",
        "botocore.docs.waiter",
    ),
    # Looks for the package h2, which no client of AWS needs, and imports zipfile for it.
    "urllib3/http2/__init__.py": ("importlib.metadata",),
}
"""The imports that move into the functions that use them, by file.

Measured: a cold start of the create function takes 0.92 of the CPU time with these imports moved
(median of 80 pairs, Python 3.13). Each package accounts for half of the difference.
"""


def trim(packages: Path) -> None:
    """Trim a folder of installed packages.

    Raises:
        LookupError: A package has changed, and this module must follow.
    """
    for data in (packages / "botocore" / "data", packages / "boto3" / "data"):
        for folder in data.iterdir():
            if folder.is_dir() and folder.name not in SERVICES:
                shutil.rmtree(folder)
    data = packages / "botocore" / "data"
    for path in list(data.rglob("examples-1.json*")):
        path.unlink()
    for path in list(data.rglob("*.json.gz")):
        # Lambda unzips the layer before a cold start, and the files within it during the start.
        _write(path.with_suffix(""), _without_documentation(_read(path)))
        path.unlink()
    endpoints = data / "endpoints.json"
    _write(endpoints, _endpoints_of_partition(_read(endpoints)))
    certificates = packages / "botocore" / "cacert.pem"
    certificates.write_text("\n".join(_amazon_roots(certificates.read_text())))
    for name, modules in _LATE_IMPORTS.items():
        path = packages / name
        path.write_text(import_late(path.read_text(), modules))


def _read(path: Path) -> Any:
    content = path.read_bytes()
    return json.loads(gzip.decompress(content) if path.suffix == ".gz" else content)


def _write(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, separators=(",", ":")))


def _without_documentation(value: Any) -> Any:
    """Return ``value`` with empty documentation; botocore needs some of the keys to exist."""
    match value:
        case dict():
            return {
                key: ""
                # A structure may have a member called documentation, which is no string.
                if key == "documentation" and isinstance(item, str)
                else _without_documentation(item)
                for key, item in value.items()
            }
        case list():
            return [_without_documentation(item) for item in value]
    return value


def _endpoints_of_partition(endpoints: dict[str, Any]) -> dict[str, Any]:
    (partition,) = (item for item in endpoints["partitions"] if item["partition"] == PARTITION)
    services = {name: item for name, item in partition["services"].items() if name in SERVICES}
    return {**endpoints, "partitions": [{**partition, "services": services}]}


def _amazon_roots(certificates: str) -> list[str]:
    """Return the root certificates of AWS; loading the others too would take time."""
    roots = [text for text in certificates.split("\n\n") if _ROOT_NAMES.search(text)]
    if len(roots) != 5:
        raise LookupError(f"botocore trusts {len(roots)} of Amazon's 5 root certificates")
    return roots


def import_late(source: str, modules: tuple[str, ...]) -> str:
    """Return ``source`` with its imports from ``modules`` moved into the functions that use them.

    Raises:
        LookupError: ``source`` imports nothing from one of ``modules``.
    """
    tree = ast.parse(source)
    imports = {
        node.module: node
        for node in tree.body
        if isinstance(node, ast.ImportFrom) and node.module in modules
    }
    if missing := set(modules) - set(imports):
        raise LookupError(f"nothing is imported from {', '.join(sorted(missing))} any more")
    lines = source.splitlines(keepends=True)
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef):
            used = {node.id for node in ast.walk(function) if isinstance(node, ast.Name)}
            first = function.body[0]
            for node in imports.values():
                if used & {alias.name for alias in node.names}:
                    indented = f"{' ' * first.col_offset}{ast.unparse(node)}\n"
                    lines[first.lineno - 1] = indented + lines[first.lineno - 1]
    for node in imports.values():
        assert node.end_lineno
        lines[node.lineno - 1 : node.end_lineno] = [""] * (node.end_lineno - node.lineno + 1)
    return "".join(lines)
