"""Trim the layer's packages, so that cold starts are short.

Trimming removes data of the SDK that no function needs, and delays imports that most programs
need only later. tests/infra/bundling/test_trim_sdk.py compares the trimmed SDK with the whole one.
"""

import gzip
import json
import re
import shutil
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from infra.bundling import sdk_sources
from infra.bundling.sdk_sources import SERVICES

OPERATIONS: Mapping[str, Collection[str]] = {
    "dynamodb": {"GetItem", "PutItem", "Query", "UpdateItem"},
    "s3": {"PutObject"},
    "ssm": {"GetParameter"},
}
"""The operations that clients have, by service. STS, whose model is small, keeps all."""

PARTITION = "aws"
"""The partition whose endpoints are kept: all regions but those of China and governments."""

_PLAIN_ENDPOINTS = ("dynamodb", "ssm")
"""The services whose endpoint depends on the region alone, or is given.

Without a file of rules, botocore determines the endpoint when it creates the client. Otherwise it
also evaluates the rules for each call, which takes a thirtieth of a request.
"""

# https://www.amazontrust.com/repository/
_ROOT_NAMES = re.compile(
    "CN=(Amazon Root CA [1-4]|Starfield Services Root Certificate Authority - G2) "
)


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
    for service in _PLAIN_ENDPOINTS:
        for path in data.glob(f"{service}/*/endpoint-rule-set-1.json*"):
            path.unlink()
    for path in list(data.rglob("*.json.gz")):
        # Lambda unzips the layer before a cold start, and the files within it during the start.
        _write(path.with_suffix(""), _without_documentation(_read(path)))
        path.unlink()
    for service, operations in OPERATIONS.items():
        resources = next(packages.glob(f"boto3/data/{service}/*/resources-1.json"), None)
        for path in data.glob(f"{service}/*/service-2.json"):
            named = _shape_names(_read(resources)) if resources else set()
            _write(path, keep_operations(_read(path), operations, named))
    endpoints = data / "endpoints.json"
    _write(endpoints, _endpoints_of_partition(_read(endpoints)))
    certificates = packages / "botocore" / "cacert.pem"
    certificates.write_text("\n".join(_amazon_roots(certificates.read_text())))
    sdk_sources.edit(packages)


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


def keep_operations(
    model: Mapping[str, Any], operations: Collection[str], shapes: Collection[str] = ()
) -> dict[str, Any]:
    """Return the model of a service with some of its operations, and the shapes that these need.

    Exceptions stay, since any operation may raise any of them. The operation that finds endpoints
    stays, too.

    Args:
        model: The content of a service-2.json.
        operations: The names of operations.
        shapes: The names of further shapes to keep.

    Raises:
        LookupError: The service has no such operation.
    """
    if missing := set(operations) - set(model["operations"]):
        raise LookupError(f"the service has no {', '.join(sorted(missing))}")
    kept = {
        name: operation
        for name, operation in model["operations"].items()
        if name in operations or operation.get("endpointoperation")
    }
    all_shapes = model["shapes"]
    exceptions = {name for name, shape in all_shapes.items() if shape.get("exception")}
    waiting = exceptions | set(shapes) | _shape_names(kept)
    reached: set[str] = set()
    while waiting:
        name = waiting.pop()
        reached.add(name)
        waiting |= _shape_names(all_shapes[name]) - reached
    return {
        **model,
        "operations": kept,
        "shapes": {name: shape for name, shape in all_shapes.items() if name in reached},
    }


def _shape_names(value: Any) -> set[str]:
    """Return the names of the shapes that a part of a model refers to."""
    match value:
        case dict():
            names = {value["shape"]} if isinstance(value.get("shape"), str) else set()
            return names.union(*map(_shape_names, value.values()))
        case list():
            return set().union(*map(_shape_names, value))
    return set()


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
