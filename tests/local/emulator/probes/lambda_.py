"""Probes of Lambda: the environment in which functions run."""

import time

from tests.support.deployment.probed_emulator import ProbedEmulator

LOG_PAUSE = 0.05
"""Seconds that the emulator waits for the first line of a function that logs nothing."""


def seals_functions(emulator: ProbedEmulator) -> bool:
    answer = emulator.invoke(emulator.function)
    assert answer["finds_runtime"]
    return not answer["finds_environment"]


def unpacks_layers_once(emulator: ProbedEmulator) -> bool:
    answers = [emulator.invoke(emulator.create_function()) for _ in range(2)]
    return len({answer["layer"] for answer in answers}) == 1


def marks_end_of_logs(emulator: ProbedEmulator) -> bool:
    function = emulator.create_function()
    return min(_invocation_seconds(emulator, function) for _ in range(30)) < LOG_PAUSE


def _invocation_seconds(emulator: ProbedEmulator, function: str) -> float:
    start = time.perf_counter()
    emulator.invoke(function)
    return time.perf_counter() - start
