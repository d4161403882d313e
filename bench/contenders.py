"""Install the functions that the benchmarks compare: those of the service, and their peers."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from bench.blueprint_models import models_source
from bench.certificate import write_certificates
from bench.subject import ENTITY, EXAMPLES, stored_values, update
from common.contract import JSON, MERGE_PATCH
from infra.bundling.content_cache import build_once, digest, digest_files, read_files
from infra.bundling.function_code import build_code
from infra.bundling.layer_content import build_layer, locked_requirements
from infra.bundling.python_version import PYTHON_VERSION
from infra.spec.paths import BUILD, FUNCTION_SOURCES
from infra.spec.routes import FUNCTIONS, Function
from infra.spec.service import METRICS_NAMESPACE, REGION, SERVICE_NAME
from tools.openapi.examples import ITEM_ID

PEERS = Path(__file__).parent / "peers"
FLOOR, BARE, BLUEPRINT = "floor", "bare boto3", "blueprint"
MONOLITH = "one function for all routes"

_COPIED = ("contenders.py", "certificate.py", "probe.py")
"""The modules that determine what is installed."""

_UV = (sys.executable, "-m", "uv", "--quiet", "--no-progress")


Phase = Literal["warm", "sampled", "offline"]
"""Requests after the first one: not sampled by X-Ray, sampled, or without a connection to AWS."""

_WARM: Sequence[Phase] = ("warm", "sampled")
_WARM_AND_OFFLINE: Sequence[Phase] = (*_WARM, "offline")


@dataclass(frozen=True)
class Contender:
    """A function that is measured."""

    name: str
    path: tuple[Path, ...]
    """The folders with its modules, among them ``handler``."""
    event: Mapping[str, object]
    """A request, as API Gateway sends it."""
    packages: Path | None = None
    """The folder with the packages that are uploaded with the function, or as its layer."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """The environment variables, in addition to :data:`ENVIRONMENT`."""
    further: Sequence[Phase] = ()
    """The requests to measure after the first one."""


@dataclass(frozen=True)
class Contenders:
    """All functions that are measured with one interpreter."""

    python: Path
    """The interpreter."""
    ours: Mapping[Function, Contender]
    """The service's functions, by their names."""
    floor: Contender
    """A handler from the standard library alone."""
    bare: Contender
    """A handler with boto3 and nothing else."""
    blueprint: Contender
    """The create route, composed as in popular blueprints."""
    monolith: Contender
    """All routes of the service in one function."""
    tls: Path
    """The folder with the certificates. All contenders trust the authority."""

    @property
    def all(self) -> tuple[Contender, ...]:
        return (self.floor, *self.ours.values(), self.monolith, self.bare, self.blueprint)


def install_contenders(python: Path) -> Contenders:
    """Install the contenders, unless they are already installed.

    As in Lambda, all code has bytecode and is read-only. If the interpreter's version is not that
    of the runtime, the layer has bytecode of the interpreter's version instead.

    Args:
        python: The interpreter that runs the contenders.
    """
    layer, functions = build_layer(BUILD), build_code(FUNCTION_SOURCES)
    locked = {group: locked_requirements(group) for group in ("bench-runtime", "bench-blueprint")}
    models = models_source(ENTITY)
    python_build = subprocess.run((python, "-VV"), check=True, capture_output=True)  # noqa: S603
    key = digest(
        *locked.values(),
        python_build.stdout,
        *(bytes(path) for path in (python, layer, functions)),
        digest_files(read_files(PEERS)).encode(),
        *((PEERS.parent / name).read_bytes() for name in _COPIED),
        models.encode(),
    )

    as_shipped = _version(python) == PYTHON_VERSION

    def install(folder: Path) -> None:
        for group, requirements in locked.items():
            target = ("--target", folder / group, "--python", python)
            options = ("--no-deps", "--require-hashes", "--link-mode", "copy", "-r", "-")
            install_packages = (*_UV, "pip", "install", *target, *options)
            subprocess.run(install_packages, check=True, input=requirements)  # noqa: S603
        shutil.copytree(
            layer / "python",
            folder / "layer",
            ignore=None if as_shipped else shutil.ignore_patterns("__pycache__"),
        )
        # Only wrapt has compiled code, which is needed here for this machine's processor.
        for extension in (folder / "bench-blueprint" / "wrapt").glob("*.so"):
            shutil.copy(extension, folder / "layer" / "wrapt")
        shutil.copytree(functions, folder / "code" / "functions")
        shutil.copytree(PEERS, folder / "code" / "peers", ignore=shutil.ignore_patterns("__py*"))
        (folder / "code" / "peers" / "blueprint" / "models.py").write_text(models)
        shutil.copy(Path(__file__).parent / "probe.py", folder / "code")
        write_certificates(folder / "tls")
        authority = (folder / "tls" / "authority.pem").read_text()
        for bundle in folder.glob("*/botocore/cacert.pem"):
            bundle.write_text(f"{bundle.read_text()}\n{authority}")
        compiled = {folder / "layer"} if as_shipped else set()
        for modules in {folder / name for name in (*locked, "code", "layer")} - compiled:
            command = (python, "-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash")
            subprocess.run((*command, modules), check=True)  # noqa: S603

    folder = build_once(BUILD / f"bench-{key}", install)
    code, runtime = folder / "code", folder / "bench-runtime"
    ours = (folder / "layer", runtime)
    item = {"ID_FIELD": ENTITY.id_field, "NEW_ITEM": json.dumps(_new_item())}
    return Contenders(
        python=python,
        ours={
            name: Contender(
                f"our {name}",
                (code / "functions" / name, code, *ours),
                EVENTS[name],
                folder / "layer",
                further=_WARM_AND_OFFLINE if name == "create" else (),
            )
            for name in FUNCTIONS
        },
        floor=Contender(
            FLOOR,
            (code / "peers" / "floor", code, runtime),
            EVENTS["create"],
            environment={**item, "AUTHORITY": str(folder / "tls" / "authority.pem")},
            further=_WARM,
        ),
        bare=Contender(
            BARE,
            (code / "peers" / "bare", code, runtime),
            EVENTS["create"],
            environment=item,
            further=_WARM_AND_OFFLINE,
        ),
        blueprint=Contender(
            BLUEPRINT,
            (code / "peers" / "blueprint", code, folder / "bench-blueprint", runtime),
            EVENTS["create"],
            folder / "bench-blueprint",
            {"IDEMPOTENCY_TABLE_NAME": "idempotency"},
            _WARM,
        ),
        monolith=Contender(
            MONOLITH,
            (code / "peers" / "monolith", code, *ours),
            EVENTS["create"],
            folder / "layer",
        ),
        tls=folder / "tls",
    )


def _new_item() -> Mapping[str, str | int]:
    """Return the fields that the service gives each new item, as text and numbers."""
    values = {**stored_values(ENTITY.schema.defaults), "status": EXAMPLES.initial, "version": 1}
    return {
        name: value if type(value) in {str, int} else json.dumps(value)
        for name, value in values.items()
    }


def _version(python: Path) -> str:
    command = (python, "-c", "import sys; print('%d.%d' % sys.version_info[:2])")
    version = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603
    return version.stdout.strip()


def _event(method: str, resource: str, body: object = None) -> dict[str, object]:
    path = resource.replace(f"{{{ENTITY.id_field}}}", ITEM_ID)
    media_type = MERGE_PATCH if method == "PATCH" else JSON
    return {
        "httpMethod": method,
        "resource": resource,
        "path": path,
        "pathParameters": {ENTITY.id_field: ITEM_ID} if "{" in resource else None,
        "queryStringParameters": None,
        "multiValueQueryStringParameters": None,
        "headers": {"Content-Type": media_type},
        "multiValueHeaders": {"Content-Type": [media_type]},
        "body": None if body is None else json.dumps(body),
        "isBase64Encoded": False,
        "requestContext": {
            "path": f"/dev{path}",
            "stage": "dev",
            "resourcePath": resource,
            "httpMethod": method,
            "requestId": "c6af9ac6-7b61-11e6-9a41-93e8deadbeef",
            "identity": {"apiKeyId": "key", "sourceIp": "192.0.2.1"},
        },
    }


EVENTS: Mapping[Function, Mapping[str, object]] = {
    "create": _event("POST", ENTITY.path, EXAMPLES.fullest),
    "read": _event("GET", ENTITY.item_path),
    "update": _event("PATCH", ENTITY.item_path, update()[0]),
    "delete": _event("DELETE", ENTITY.item_path),
}
"""A request to each of the service's functions."""

ENVIRONMENT: Mapping[str, str] = {
    "AWS_ACCESS_KEY_ID": "id",
    "AWS_DEFAULT_REGION": REGION,
    "AWS_EXECUTION_ENV": f"AWS_Lambda_python{PYTHON_VERSION}",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512",
    "AWS_LAMBDA_FUNCTION_NAME": "bench",
    "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
    "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
    "AWS_LAMBDA_LOG_FORMAT": "JSON",
    "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/bench",
    "AWS_LAMBDA_LOG_STREAM_NAME": "bench",
    "AWS_REGION": REGION,
    "AWS_SECRET_ACCESS_KEY": "key",
    "AWS_SESSION_TOKEN": "token",
    "AWS_XRAY_DAEMON_ADDRESS": "127.0.0.1:2000",
    "LAMBDA_TASK_ROOT": "/var/task",
    "PATH": os.defpath,
    "ARCHIVE_BUCKET": "archive",
    "ARCHIVE_FLUSH_SECONDS": "10",
    "CONFIG_PARAMETER": f"/{SERVICE_NAME}/bench/config",
    "CORS_ORIGINS": "*",
    "CURSOR_KEY_PARAMETER": f"/{SERVICE_NAME}/bench/cursor-key",
    "FUNCTION": "create",
    "POWERTOOLS_LOG_LEVEL": "INFO",
    "POWERTOOLS_METRICS_NAMESPACE": METRICS_NAMESPACE,
    "POWERTOOLS_SERVICE_NAME": f"{SERVICE_NAME}-bench",
    "SHARDS": "4",
    "TABLE_NAMES": json.dumps({ENTITY.collection: ENTITY.collection}),
    "TABLE_NAME": ENTITY.collection,
}
"""The environment variables that Lambda and the stack set for a function."""
