"""Trim the layer's packages, so that cold starts are short.

Trimming removes data of the SDK that no function needs, and delays imports that most programs
need only later. tests/infra/bundling/test_trim_sdk.py compares the trimmed SDK with the whole one.
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
    # Waiters, paginators and the endpoints of S3's access points search with JMESPath; the logger
    # searches events for a correlation id.
    "aws_lambda_powertools/logging/logger.py": ("aws_lambda_powertools.utilities",),
    "botocore/paginate.py": ("jmespath",),
    "botocore/regions.py": ("jmespath",),
    "botocore/waiter.py": ("jmespath",),
    # Parse times that are no Unix timestamps, and those in files of credentials.
    "botocore/credentials.py": ("dateutil.parser",),
    "botocore/tokens.py": ("dateutil.parser",),
    "botocore/utils.py": ("dateutil.parser",),
    # Gives S3's client the methods that transfer files, which import multiprocessing.
    "boto3/s3/inject.py": ("boto3.s3.transfer",),
    # Looks for the package h2, which no client of AWS needs, and imports zipfile for it.
    "urllib3/http2/__init__.py": ("importlib.metadata",),
}
"""The imports that move to the statements that use them, by file.

Measured: a cold start of the create function takes 0.85 of the CPU time with these imports moved
(median of 40 pairs, Python 3.13).
"""

_REPLACEMENTS = {
    "boto3/compat.py": (
        ("from s3transfer.manager import TransferConfig\n", ""),
        (
            "TRANSFER_CONFIG_SUPPORTS_CRT = hasattr(TransferConfig, 'UNSET_DEFAULT')\n",
            """\
def __getattr__(name):
    if name not in ('TransferConfig', 'TRANSFER_CONFIG_SUPPORTS_CRT'):
        raise AttributeError(f'module {__name__!r} has no attribute {name!r}')
    from s3transfer.manager import TransferConfig
    if name == 'TransferConfig':
        return TransferConfig
    return hasattr(TransferConfig, 'UNSET_DEFAULT')
""",
        ),
    ),
    "boto3/session.py": (
        ("from .resources.factory import ResourceFactory\n", ""),
        (
            """\
        self.resource_factory = ResourceFactory(
            self._session.get_component('event_emitter')
        )
""",
            "",
        ),
        (
            "    def __repr__(self):\n",
            """\
    def __getattr__(self, name):
        if name != 'resource_factory':
            raise AttributeError(name)
        from .resources.factory import ResourceFactory
        self.resource_factory = ResourceFactory(
            self._session.get_component('event_emitter')
        )
        return self.resource_factory

    def __repr__(self):
""",
        ),
    ),
}
"""The replaced texts, by file: a session of boto3 then loads transfers and resources on first use.

Without them, a session of boto3 takes a tenth of a cold start more than one of botocore.
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
    for name, replacements in _REPLACEMENTS.items():
        path = packages / name
        path.write_text(replace(path.read_text(), replacements))


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
    """Return ``source`` with its imports from ``modules`` moved to the statements that use them.

    All of these statements must be in functions.

    Raises:
        LookupError: ``source`` imports nothing from one of ``modules``.
    """
    tree = ast.parse(source)
    imports = [
        node
        for node in tree.body
        if isinstance(node, ast.Import | ast.ImportFrom) and _imported_module(node) in modules
    ]
    if missing := set(modules) - set(map(_imported_module, imports)):
        raise LookupError(f"nothing is imported from {', '.join(sorted(missing))} any more")
    lines = source.splitlines(keepends=True)
    for statement in _statements_in_functions(tree):
        names = _names(statement)
        for node in imports:
            # ``import a.b`` binds a.
            if names & {(alias.asname or alias.name).split(".")[0] for alias in node.names}:
                indented = f"{' ' * statement.col_offset}{ast.unparse(node)}\n"
                lines[statement.lineno - 1] = indented + lines[statement.lineno - 1]
    for node in imports:
        assert node.end_lineno
        lines[node.lineno - 1 : node.end_lineno] = [""] * (node.end_lineno - node.lineno + 1)
    return "".join(lines)


def _statements_in_functions(tree: ast.Module) -> Iterator[ast.stmt]:
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    inside = {
        node: None
        for function in functions
        for statement in function.body
        for node in ast.walk(statement)
        if isinstance(node, ast.stmt) and not isinstance(node, ast.FunctionDef)
    }
    # A nested function's statements are in both functions.
    yield from inside


def _names(statement: ast.stmt) -> set[str]:
    """Return the names that a statement uses, without those of the statements in its blocks."""
    blocks = (ast.stmt, ast.excepthandler, ast.match_case)
    parts = (node for node in ast.iter_child_nodes(statement) if not isinstance(node, blocks))
    return {node.id for part in parts for node in ast.walk(part) if isinstance(node, ast.Name)}


def _imported_module(node: ast.Import | ast.ImportFrom) -> str | None:
    return node.module if isinstance(node, ast.ImportFrom) else node.names[0].name


def replace(source: str, replacements: tuple[tuple[str, str], ...]) -> str:
    """Return ``source`` with each text replaced.

    Raises:
        LookupError: ``source`` does not contain a text exactly once.
    """
    for old, new in replacements:
        if source.count(old) != 1:
            raise LookupError(f"the source does not contain once: {old.strip()}")
        source = source.replace(old, new)
    return source
