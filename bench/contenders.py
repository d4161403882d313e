"""Install the functions that the benchmarks compare: those of the service, and their peers."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bench.certificate import write_certificates
from infra.bundling.content_cache import build_once, digest, digest_files, read_files
from infra.bundling.function_code import build_code
from infra.bundling.layer import build_layer, locked_requirements
from infra.bundling.runtime import PYTHON_VERSION
from infra.spec.paths import BUILD, FUNCTION_SOURCES
from infra.spec.routes import FUNCTIONS, Function
from infra.spec.service import METRICS_NAMESPACE, REGION, SERVICE_NAME

PEERS = Path(__file__).parent / "peers"
BARE, BLUEPRINT, MONOLITH = "bare boto3", "blueprint", "one function for all routes"

_UV = (sys.executable, "-m", "uv", "--quiet", "--no-progress")
_JOB_ID = "0b5f3c1e-0000-4000-8000-000000000000"


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


@dataclass(frozen=True)
class Contenders:
    """All functions that are measured with one interpreter."""

    python: Path
    """The interpreter."""
    ours: Mapping[Function, Contender]
    """The service's functions, by their names."""
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
        return (self.bare, *self.ours.values(), self.monolith, self.blueprint)


def install_contenders(python: Path) -> Contenders:
    """Install the contenders, unless they are already installed.

    As in Lambda, all code has bytecode and is read-only. If the interpreter's version is not that
    of the runtime, the layer also gets bytecode of the interpreter's version.

    Args:
        python: The interpreter that runs the contenders.
    """
    layer, functions = build_layer(BUILD), build_code(FUNCTION_SOURCES)
    locked = {group: locked_requirements(group) for group in ("bench-runtime", "bench-blueprint")}
    python_build = subprocess.run((python, "-VV"), check=True, capture_output=True)  # noqa: S603
    key = digest(
        *locked.values(),
        python_build.stdout,
        *(bytes(path) for path in (python, layer, functions)),
        digest_files(read_files(Path(__file__).parent)).encode(),
    )

    def install(folder: Path) -> None:
        for group, requirements in locked.items():
            target = ("--target", folder / group, "--python", python)
            options = ("--no-deps", "--require-hashes", "--link-mode", "copy", "-r", "-")
            install_packages = (*_UV, "pip", "install", *target, *options)
            subprocess.run(install_packages, check=True, input=requirements)  # noqa: S603
        shutil.copytree(layer / "python", folder / "layer")
        # Only wrapt has compiled code, which is needed here for this machine's processor.
        for extension in (folder / "bench-blueprint" / "wrapt").glob("*.so"):
            shutil.copy(extension, folder / "layer" / "wrapt")
        shutil.copytree(functions, folder / "code" / "functions")
        shutil.copytree(PEERS, folder / "code" / "peers", ignore=shutil.ignore_patterns("__py*"))
        shutil.copy(Path(__file__).parent / "probe.py", folder / "code")
        write_certificates(folder / "tls")
        authority = (folder / "tls" / "authority.pem").read_text()
        for bundle in folder.glob("*/botocore/cacert.pem"):
            bundle.write_text(f"{bundle.read_text()}\n{authority}")
        compiled = {folder / "layer"} if _version(python) == PYTHON_VERSION else set()
        for modules in {folder / name for name in (*locked, "code", "layer")} - compiled:
            command = (python, "-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash")
            subprocess.run((*command, modules), check=True)  # noqa: S603

    folder = build_once(BUILD / f"bench-{key}", install)
    code, runtime = folder / "code", folder / "bench-runtime"
    ours = (folder / "layer", runtime)
    return Contenders(
        python=python,
        ours={
            name: Contender(
                f"our {name}",
                (code / "functions" / name, code, *ours),
                EVENTS[name],
                folder / "layer",
            )
            for name in FUNCTIONS
        },
        bare=Contender(BARE, (code / "peers" / "bare", code, runtime), EVENTS["create"]),
        blueprint=Contender(
            BLUEPRINT,
            (code / "peers" / "blueprint", code, folder / "bench-blueprint", runtime),
            EVENTS["create"],
            folder / "bench-blueprint",
            {"IDEMPOTENCY_TABLE_NAME": "idempotency"},
        ),
        monolith=Contender(
            MONOLITH,
            (code / "peers" / "monolith", code, *ours),
            EVENTS["create"],
            folder / "layer",
        ),
        tls=folder / "tls",
    )


def _version(python: Path) -> str:
    command = (python, "-c", "import sys; print('%d.%d' % sys.version_info[:2])")
    version = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603
    return version.stdout.strip()


def _event(method: str, resource: str, body: str | None, media_type: str) -> dict[str, object]:
    path = resource.replace("{job_id}", _JOB_ID)
    return {
        "httpMethod": method,
        "resource": resource,
        "path": path,
        "pathParameters": {"job_id": _JOB_ID} if "{" in resource else None,
        "queryStringParameters": None,
        "multiValueQueryStringParameters": None,
        "headers": {"Content-Type": media_type},
        "multiValueHeaders": {"Content-Type": [media_type]},
        "body": body,
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
    "create": _event(
        "POST",
        "/jobs",
        '{"pipeline": "thumbnails", "input_uri": "s3://photos/cat.png", "parameters": {"w": 1}}',
        "application/json",
    ),
    "read": _event("GET", "/jobs/{job_id}", None, "application/json"),
    "update": _event("PATCH", "/jobs/{job_id}", '{"progress": 40}', "application/merge-patch+json"),
    "delete": _event("DELETE", "/jobs/{job_id}", None, "application/json"),
}
"""A request to each of the service's functions."""

ENVIRONMENT: Mapping[str, str] = {
    "AWS_ACCESS_KEY_ID": "id",
    "AWS_DEFAULT_REGION": REGION,
    "AWS_EXECUTION_ENV": "AWS_Lambda_python3.13",
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
    "TABLE_NAMES": '{"jobs": "jobs"}',
    "TABLE_NAME": "jobs",
}
"""The environment variables that Lambda and the stack set for a function."""
