"""Run a contender in a fresh interpreter, with Lambda's runtime client."""

import os
import subprocess
import tempfile
from collections import Counter
from collections.abc import Mapping
from typing import Any, NamedTuple

from bench.aws_stub import AwsStub
from bench.contenders import ENVIRONMENT, Contender, Contenders
from local.lambda_runtime.runtime_api import RuntimeApi


class Measurement(NamedTuple):
    """The figures of one execution environment. Times are CPU seconds."""

    start: float
    """The import of the handler."""
    first: float
    """The first request."""
    memory: int
    """The peak memory after the first request, in kilobytes."""
    compiled: int
    """The number of modules without bytecode."""
    calls: Counter[str]
    """The calls to AWS during and after the first request, by operation."""
    waiting: float
    """The seconds that the process waited for a CPU, per second in which it ran."""
    warm: float = 0.0
    """The average of the further requests; 0 if there were none."""
    sampled: float = 0.0
    """The same if X-Ray samples the requests."""
    offline: float = 0.0
    """The same as ``warm`` without a connection: AWS's answer is ready."""

    @property
    def start_and_first(self) -> float:
        """The import of the handler and the first request."""
        return self.start + self.first


def measure_environment(
    contender: Contender,
    contenders: Contenders,
    aws: AwsStub,
) -> Measurement:
    """Start an environment, and invoke its function.

    Args:
        contender: The function.
        contenders: All contenders, with the interpreter.
        aws: The AWS that the function calls.

    Raises:
        RuntimeError: The function failed; the message has its output.
    """
    aws.calls.clear()
    api = RuntimeApi(on_idle=lambda: None)
    environment = {
        **ENVIRONMENT,
        **contender.environment,
        "AWS_ENDPOINT_URL": aws.url,
        "AWS_LAMBDA_RUNTIME_API": api.address,
        "PYTHONPATH": os.pathsep.join(map(str, contender.path)),
    }
    # -S hides the interpreter's own packages, -B keeps the code's folders unchanged.
    command = (contenders.python, "-S", "-B", "-m", "awslambdaric", "probe.handler")
    with tempfile.TemporaryFile() as log, tempfile.TemporaryDirectory() as folder:
        process = subprocess.Popen(  # noqa: S603
            command, cwd=folder, env=environment, stdout=log, stderr=log
        )
        try:
            answer = _invoke(api, contender.event)
            # The extension works after the answer.
            api.wait_until_idle()
            calls = Counter(aws.calls)
            # Separately from the first request, after which the extension works.
            further = {}
            for phase in contender.further:
                api.sampled = phase == "sampled"
                measured = _invoke(api, contender.event)
                further[phase] = measured["average"]
                answer["waiting"] = measured["waiting"]
        except AssertionError as error:
            log.seek(0)
            raise RuntimeError(f"{contender.name} failed:\n{log.read().decode()}") from error
        finally:
            # The process ends when the API closes its connection.
            api.close()
            process.wait(_END_SECONDS)
    return Measurement(**answer, **further, calls=calls)


_END_SECONDS = 10
_ANSWER_SECONDS = 120
"""The time for hundreds of requests on a busy machine."""


def _invoke(api: RuntimeApi, event: Mapping[str, Any]) -> dict[str, Any]:
    invocation = api.invoke(event, before=lambda: None, seconds=_ANSWER_SECONDS)
    assert invocation.answer is not None, invocation.error
    answer: dict[str, Any] = invocation.answer
    return answer
