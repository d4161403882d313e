"""Execution environments: a contender in a fresh interpreter, run by Lambda's runtime client."""

import os
import subprocess
import tempfile
from collections import Counter
from collections.abc import Mapping
from typing import Any, NamedTuple

from bench.aws_stub import Stub
from bench.contenders import ENVIRONMENT, Contender, Contenders
from local.lambda_runtime.runtime_api import RuntimeApi


class Run(NamedTuple):
    """What one execution environment did.

    Attributes:
        start: CPU seconds from the import of the handler to its end.
        first: CPU seconds of the first request.
        memory: The peak until then, in kilobytes.
        compiled: How many modules had no bytecode.
        calls: How often AWS was called for the first request, and after it, by operation.
        warm: CPU seconds of each further request; 0 where none was asked for.
        warm_offline: The same without connection: AWS's answer is there at once.
    """

    start: float
    first: float
    memory: int
    compiled: int
    calls: Counter[str]
    warm: float = 0.0
    warm_offline: float = 0.0


def run(
    contender: Contender,
    contenders: Contenders,
    aws: Stub,
    *,
    warm: bool = False,
    sampled: bool = False,
) -> Run:
    """Start an environment and invoke it.

    Args:
        contender: What to run.
        contenders: Where it is from.
        aws: The AWS that it calls.
        warm: Whether to measure requests after the first one too.
        sampled: Whether X-Ray samples the requests.
    """
    aws.calls.clear()
    api = RuntimeApi(on_idle=lambda: None, sampled=sampled)
    environment = {
        **ENVIRONMENT,
        **contender.environment,
        "AWS_ENDPOINT_URL": aws.url,
        "AWS_LAMBDA_RUNTIME_API": api.address,
        "PROBE": "cold",
        "PYTHONPATH": os.pathsep.join(map(str, contender.path)),
    }
    # Without the folders of this machine's own packages, and nothing is written next to the code.
    command = (contenders.python, "-S", "-B", "-m", "awslambdaric", "probe.handler")
    with tempfile.TemporaryFile() as log, tempfile.TemporaryDirectory() as folder:
        process = subprocess.Popen(  # noqa: S603
            command, cwd=folder, env=environment, stdout=log, stderr=log
        )
        try:
            answer = _invoke(api, contender.event)
            # Some work is done after the answer.
            api.wait_until_idle()
            calls = Counter(aws.calls)
            # Not the first one, after which there is more to do.
            further = _invoke(api, contender.event) if warm else {}
        except AssertionError as error:
            log.seek(0)
            raise RuntimeError(f"{contender.name} failed:\n{log.read().decode()}") from error
        finally:
            # It ends by itself, now that there are no more events for it.
            api.close()
            process.wait(_PATIENCE)
    return Run(**answer, **further, calls=calls)


_PATIENCE = 10
# For hundreds of requests, on a machine that may have other work.
_ANSWER_PATIENCE = 120


def _invoke(api: RuntimeApi, event: Mapping[str, Any]) -> dict[str, Any]:
    invocation = api.invoke(event, before=lambda: None, seconds=_ANSWER_PATIENCE)
    assert invocation.answer is not None, invocation.error
    answer: dict[str, Any] = invocation.answer
    return answer
