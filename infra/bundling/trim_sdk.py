"""Leaves out of the layer's packages what no function needs, so that cold starts are short.

Only data is taken away, and imports that no call of ours needs are put off; all that is left
works as it did, and tests/infra/bundling/test_trim_sdk.py compares both.
"""

import ast
import gzip
import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

SERVICES = ("dynamodb", "s3", "ssm", "sts")
"""The services whose clients can be created."""

PARTITION = "aws"
"""The partition whose endpoints are known: all regions but those of China and governments."""

# https://www.amazontrust.com/repository/
_ROOTS = re.compile("CN=(Amazon Root CA [1-4]|Starfield Services Root Certificate Authority - G2) ")

_LATE = {
    # Writes the docstrings of clients, for people: an HTML parser, among others.
    "botocore/docs/__init__.py": ("botocore.docs.service",),
    "botocore/docs/docstring.py": (
        "botocore.docs.bcdoc.restdoc",
        "botocore.docs.method",
        "botocore.docs.paginator",
        "botocore.docs.waiter",
    ),
    # Looks for a package that AWS has no use for; reads archives for it.
    "urllib3/http2/__init__.py": ("importlib.metadata",),
}
"""Imports that are put off until the function that needs them is called."""


def slim(packages: Path) -> None:
    """Leave out of a folder of installed packages what no function needs.

    Raises:
        LookupError: A package no longer has what is to be left out; this module needs a look.
    """
    for data in (packages / "botocore" / "data", packages / "boto3" / "data"):
        for folder in data.iterdir():
            if folder.is_dir() and folder.name not in SERVICES:
                shutil.rmtree(folder)
    data = packages / "botocore" / "data"
    for path in list(data.rglob("examples-1.json*")):
        path.unlink()
    for path in list(data.rglob("*.json.gz")):
        # The layer is zipped as a whole, and unzipped before a start, not during it.
        _write(path.with_suffix(""), _without_documentation(_read(path)))
        path.unlink()
    endpoints = data / "endpoints.json"
    _write(endpoints, _of_our_partition(_read(endpoints)))
    certificates = packages / "botocore" / "cacert.pem"
    certificates.write_text("\n".join(_of_amazon(certificates.read_text())))
    for name, modules in _LATE.items():
        path = packages / name
        path.write_text(import_late(path.read_text(), modules))


def _read(path: Path) -> Any:
    content = path.read_bytes()
    return json.loads(gzip.decompress(content) if path.suffix == ".gz" else content)


def _write(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, separators=(",", ":")))


def _without_documentation(value: Any) -> Any:
    """``value`` with an empty text for every documentation: botocore reads some of the keys."""
    match value:
        case dict():
            return {
                key: ""
                if key == "documentation" and isinstance(each, str)
                # A member may itself be called documentation.
                else _without_documentation(each)
                for key, each in value.items()
            }
        case list():
            return [_without_documentation(each) for each in value]
    return value


def _of_our_partition(endpoints: dict[str, Any]) -> dict[str, Any]:
    (partition,) = (each for each in endpoints["partitions"] if each["partition"] == PARTITION)
    services = {name: each for name, each in partition["services"].items() if name in SERVICES}
    return {**endpoints, "partitions": [{**partition, "services": services}]}


def _of_amazon(certificates: str) -> Iterator[str]:
    """The certificates that all of AWS descends from; each takes time to load."""
    found = [each for each in certificates.split("\n\n") if _ROOTS.search(each)]
    if len(found) != 5:
        raise LookupError(f"botocore trusts {len(found)} of Amazon's 5 root certificates")
    yield from found


def import_late(source: str, modules: tuple[str, ...]) -> str:
    """``source`` with its imports from ``modules`` moved into the functions that need them."""
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
