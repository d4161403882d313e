"""The handler that the runtime client runs in a benchmark. It measures the contender's handler.

Its answer is the measurement. Since it runs in the contender's process, it only imports modules
that the runtime client has already imported.
"""

import importlib
import json
import resource
import sys
import time
from importlib.machinery import SourceFileLoader
from pathlib import Path
from typing import Any

_WARM_UP, _MEASURED = 100, 300

_compiled: list[str] = []
_source_to_code = SourceFileLoader.source_to_code


def _count(self: SourceFileLoader, data: bytes, path: str, *more: Any, **options: Any) -> Any:
    _compiled.append(path)
    return _source_to_code(self, data, path, *more, **options)


SourceFileLoader.source_to_code = _count  # type: ignore[method-assign, assignment]
_clock, _before = time.monotonic(), time.process_time()
_handler = importlib.import_module("handler").handler
_imported, _passed = time.process_time() - _before, time.monotonic() - _clock


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Measure the start and the first request; when called again, the further requests."""
    return next(_PHASES)(event, context)


def _first(event: dict[str, Any], context: Any) -> dict[str, Any]:
    before = time.process_time()
    response = _handler(event, context)
    first = time.process_time() - before
    if response["statusCode"] >= 400:
        raise RuntimeError(json.dumps(response))
    return {
        "start": _imported,
        "first": first,
        "memory": _peak_memory(),
        "compiled": len(_compiled),
        "waiting": _waiting(),
    }


def _waiting() -> float:
    """Return the seconds that this process waited for a CPU, per second in which it ran."""
    try:
        ran, waited, _ = map(int, Path("/proc/self/schedstat").read_text().split())
    except FileNotFoundError:
        # The import of the handler hardly waits for anything else.
        return max(0.0, _passed - _imported) / _imported
    return waited / ran


def _peak_memory() -> int:
    """Return the peak memory of this process in kilobytes."""
    try:
        status = Path("/proc/self/status").read_text()
    except FileNotFoundError:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak // 1024 if sys.platform == "darwin" else peak
    # Unlike getrusage's value, this one excludes the process from which this one was forked.
    return int(status.split("VmHWM:")[1].split()[0])


def _warm(event: dict[str, Any], context: Any) -> dict[str, float]:
    """Return the CPU seconds of a request over an open connection."""
    return {"average": _average(event, context), "waiting": _waiting()}


def _offline(event: dict[str, Any], context: Any) -> dict[str, float]:
    """Return the CPU seconds of a request without a connection: AWS's answer is ready."""
    from botocore.awsrequest import AWSResponse
    from botocore.httpsession import URLLib3Session

    class Raw:
        def stream(self, **_: Any) -> Any:
            return iter([b"{}"])

    def send(_: Any, request: Any) -> Any:
        # DynamoDB states the CRC-32 of its answer.
        headers = {"x-amz-crc32": "2745614147"}
        return AWSResponse(request.url, 200, headers, Raw())  # type: ignore[arg-type]

    URLLib3Session.send = send  # type: ignore[method-assign, assignment]
    return _warm(event, context)


def _average(event: dict[str, Any], context: Any) -> float:
    for _ in range(_WARM_UP):
        _handler(event, context)
    before = time.process_time()
    for _ in range(_MEASURED):
        _handler(event, context)
    return (time.process_time() - before) / _MEASURED


_PHASES = iter((_first, _warm, _warm, _offline))
"""The measurement of each invocation: the first, unsampled and sampled requests, and the rest."""
