"""Probes of X-Ray."""

import functools
import json
import socket
import time
from typing import Any

from botocore.exceptions import ClientError

from local.emulator import process, traces
from tests.support.deployment.probed_emulator import ProbedEmulator


def serves_api(emulator: ProbedEmulator) -> bool:
    now = time.time()
    segment = {
        "trace_id": traces.new_trace_id(),
        "id": "0123456789abcdef",
        "name": "probe",
        "origin": "AWS::Probe",
        "start_time": now,
        "end_time": now + 1,
    }
    document = '{"format": "json", "version": 1}\n' + json.dumps(segment)
    port = int(emulator.url.rsplit(":", 1)[1])
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as function:
        function.sendto(document.encode(), (process.HOST, port))
    return _shows_service(emulator, "AWS::Probe")


def records_requests(emulator: ProbedEmulator) -> bool:
    emulator.post({"n": 1})
    return _shows_service(emulator, "AWS::ApiGateway::Stage")


def records_invocations(emulator: ProbedEmulator) -> bool:
    emulator.post({"n": 1})
    return _shows_service(emulator, "AWS::Lambda::Function")


def continues_traces(emulator: ProbedEmulator) -> bool:
    return emulator.post({"n": 1})["trace"] is not None


def _shows_service(emulator: ProbedEmulator, type_: str) -> bool:
    """Return whether a service of a type appears in the service graph within a minute."""
    deadline = time.monotonic() + 60
    while _has_api(emulator) and time.monotonic() < deadline:
        if type_ in {service["Type"] for service in _read_graph(emulator)["Services"]}:
            return True
        time.sleep(0.05)
    return False


@functools.cache
def _has_api(emulator: ProbedEmulator) -> bool:
    # Without the API, botocore repeats a call for seconds.
    try:
        _read_graph(emulator)
    except ClientError:
        return False
    return True


def _read_graph(emulator: ProbedEmulator) -> Any:
    now = time.time()
    return emulator.client("xray").get_service_graph(StartTime=now - 60, EndTime=now + 60)
