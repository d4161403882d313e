"""Lambda: rewrite the script in which the emulator's workers run Python functions."""

import functools
import importlib.util
import io
import queue
import sys
import sysconfig
import tempfile
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ministack.core import lambda_runtime
from ministack.services import lambda_svc

from infra.bundling.content_cache import build_once, digest
from infra.spec.paths import BUILD
from local.emulator.wrapping import Wrapper, wrap

RUNTIME_PACKAGES = ("boto3", "botocore", "s3transfer", "jmespath", "dateutil", "six", "urllib3")
"""The packages of Lambda's Python runtime, besides the standard library.

https://docs.aws.amazon.com/lambda/latest/dg/lambda-python.html
"""


def seal_functions(script: str) -> str:
    """Let functions import only what Lambda's runtime and their layers have.

    The emulator runs functions with its own interpreter. So a package that the layer lacks would
    be found in this project's environment, and be missing only on AWS.
    """
    stdlib = Path(sysconfig.get_path("stdlib"))
    path = [
        entry
        for entry in sys.path
        if Path(entry).suffix == ".zip"
        or (Path(entry).is_relative_to(stdlib) and Path(entry).name != "site-packages")
    ]
    runtime = Path(tempfile.mkdtemp(prefix="runtime-"))
    for package in RUNTIME_PACKAGES:
        spec = importlib.util.find_spec(package)
        if spec is None or spec.origin is None:
            raise ModuleNotFoundError(package)
        origin = Path(spec.origin)
        origin = origin.parent if spec.submodule_search_locations else origin
        (runtime / origin.name).symlink_to(origin)
    return f"import sys\nsys.path[:] = {[*path, str(runtime)]!r}\n{script}"


_POINTER = "shared"
"""The file in an unpacked layer that names the folder with the layer's content."""

_FOLLOW_POINTERS = f"""
import os
os.environ["_LAMBDA_LAYERS_DIRS"] = os.pathsep.join(
    open(os.path.join(folder, {_POINTER!r})).read()
    for folder in os.environ.get("_LAMBDA_LAYERS_DIRS", "").split(os.pathsep)
    if folder
)
"""


def unpack_layers_once(script: str) -> str:
    """Let all environments share the files of a layer, as they share its read-only mount on AWS.

    The emulator unpacks the layer for each environment, which then compiles all of it: seconds of
    work for every cold start. Here, the environment's copy only names the folder that all
    environments of all local runs share.
    """

    @functools.cache
    def unpack(layer: bytes) -> bytes:
        def extract(folder: Path) -> None:
            with zipfile.ZipFile(io.BytesIO(layer)) as archive:
                archive.extractall(folder)

        folder = build_once(BUILD / f"unpacked-{digest(layer)}", extract)
        pointer = io.BytesIO()
        with zipfile.ZipFile(pointer, "w") as archive:
            archive.writestr(_POINTER, str(folder))
        return pointer.getvalue()

    @wrap(lambda_svc, "_resolve_layer_zip")
    def resolve_layer_zip(native: Wrapper, attachment: Any) -> bytes | None:
        layer = native(attachment)
        return unpack(layer) if layer else None

    return _FOLLOW_POINTERS + script


_END_OF_LOG = "\x1eend of invocation\x1e"
"""The last line that a worker writes to its log for an invocation."""

_LOG_SECONDS = 60
_LOG_POLL_SECONDS = 0.05

_END_OF_INVOCATION = "        _real_stdout.flush()\n\nrun()\n"
"""The end of the worker's script, where an invocation has answered."""


def mark_end_of_logs(script: str) -> str:
    """Attribute each line to the invocation that wrote it, however busy the machine is.

    The emulator reads lines until none arrives for 5 ms (at first, for 50 ms), and attributes the
    others to the next invocation. With a mark after the last line, it needs neither pause.
    """

    @wrap(lambda_runtime.Worker, "_drain_stderr_bounded")
    def drain_to_mark(native: Wrapper, worker: Any, *args: Any, **kwargs: Any) -> str:
        if not worker.config.get("Runtime", "").startswith("python"):
            text: str = native(worker, *args, **kwargs)
            return text
        return "\n".join(_read_to_mark(worker))

    assert script.count(_END_OF_INVOCATION) == 1, "the emulator's worker has changed"
    write_mark = (
        f"        sys.stderr.write({_END_OF_LOG!r} + chr(10))\n        sys.stderr.flush()\n"
    )
    return script.replace(_END_OF_INVOCATION, write_mark + _END_OF_INVOCATION)


def _read_to_mark(worker: Any) -> list[str]:
    lines: list[str] = []
    deadline = time.monotonic() + _LOG_SECONDS
    while time.monotonic() < deadline:
        # A process that has died writes no mark.
        ended = not worker._stderr_thread.is_alive()
        try:
            line = worker._stderr_queue.get(timeout=0 if ended else _LOG_POLL_SECONDS)
        except queue.Empty:
            if ended:
                break
            continue
        if line.endswith(_END_OF_LOG):
            lines += [line.removesuffix(_END_OF_LOG)] if line != _END_OF_LOG else []
            break
        lines.append(line)
    return lines


WORKER_STEPS: tuple[Callable[[str], str], ...] = (
    mark_end_of_logs,
    seal_functions,
    unpack_layers_once,
)
"""Return the worker's script with a change. The last one is at the top of the script."""


def rewrite_worker() -> None:
    """Rewrite the script of the emulator's Python workers."""
    script = lambda_runtime._PYTHON_WORKER_SCRIPT
    for step in WORKER_STEPS:
        script = step(script)
    lambda_runtime._PYTHON_WORKER_SCRIPT = script
