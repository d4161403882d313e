"""An execution environment: a function in a process of its own, as Lambda runs it.

The runtime client is AWS's own, the layer is the one that is deployed.
"""

import ctypes
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from infra.bundling.layer import build_layer
from infra.spec.paths import BUILD, FUNCTION_SOURCES
from infra.spec.routes import Function
from local.lambda_runtime.environment_variables import FUNCTION_ENVIRONMENT
from local.lambda_runtime.moto_aws import MotoAws
from local.lambda_runtime.runtime_api import WAIT_SECONDS, Invocation, RuntimeApi


class ExecutionEnvironment:
    """One execution environment of a function.

    Args:
        function: The function's folder.
        aws: The AWS that it works with.
        compiled: Keeps the bytecode of its code, where nothing is written beside the sources.
        flush_seconds: How long its log lines may wait.
        freezes: Stop the process whenever Lambda would freeze it.
        accepts_extensions: Whether Lambda lets its extension register.
        sampled: Whether X-Ray samples the requests.
        variables: More environment variables.
        modules: A folder of further modules, such as ``sitecustomize``.
    """

    def __init__(
        self,
        function: Function,
        aws: MotoAws,
        compiled: Path,
        *,
        flush_seconds: float = 0,
        freezes: bool = False,
        accepts_extensions: bool = True,
        sampled: bool = False,
        variables: Mapping[str, str] | None = None,
        modules: Path | None = None,
    ) -> None:
        self._freezes = freezes
        self._frozen = False
        self._output = tempfile.TemporaryFile()  # noqa: SIM115 - closed by __exit__
        self.api = RuntimeApi(self._freeze, accepts_extensions=accepts_extensions, sampled=sampled)
        task_root = FUNCTION_SOURCES / function
        path = [task_root, build_layer(BUILD) / "python", *([modules] if modules else [])]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "awslambdaric", "handler.handler"],
            cwd=task_root,
            stdout=self._output,
            stderr=subprocess.STDOUT,
            env={
                **FUNCTION_ENVIRONMENT,
                "PATH": os.environ["PATH"],
                "AWS_ENDPOINT_URL": aws.url,
                "AWS_LAMBDA_RUNTIME_API": self.api.address,
                # With it the runtime client lets Python handle signals.
                "AWS_EXECUTION_ENV": "AWS_Lambda_python3.13",
                "AWS_LAMBDA_FUNCTION_NAME": f"job-ledger-test-{function}",
                "LAMBDA_TASK_ROOT": str(task_root),
                "FUNCTION": function,
                "ARCHIVE_BUCKET": aws.bucket,
                "ARCHIVE_FLUSH_SECONDS": str(flush_seconds),
                "PYTHONPATH": os.pathsep.join(map(str, path)),
                "PYTHONPYCACHEPREFIX": str(compiled),
                **(variables or {}),
            },
        )

    def __enter__(self) -> "ExecutionEnvironment":
        return self

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.process.kill()
        self.process.wait()
        self.api.close()
        if error is not None:
            sys.stdout.write(self._read())
        self._output.close()

    def invoke(self, event: Mapping[str, Any]) -> Invocation:
        """Invoke the function and wait for its answer, as its caller does."""
        return self.api.invoke(event, before=self._thaw)

    def terminate(self) -> int:
        """Shut the environment down as Lambda does.

        Returns:
            The exit code of the process.
        """
        self.api.wait_until_idle()
        # To its main thread, which runs Python's handlers: the kernel leaves a stopped process'
        # signals to whichever thread wakes up first, and the main thread might sleep on.
        ctypes.CDLL(None).tgkill(self.process.pid, self.process.pid, signal.SIGTERM)
        self._thaw()
        return self.process.wait(WAIT_SECONDS)

    @property
    def output(self) -> list[dict[str, Any]]:
        """The JSON lines that CloudWatch gets."""
        return [json.loads(line) for line in self._read().splitlines() if line.startswith("{")]

    @property
    def logged(self) -> list[dict[str, Any]]:
        """The log lines among them."""
        return [line for line in self.output if "_aws" not in line]

    def counted(self, metric: str) -> float:
        """The sum of a metric."""
        return sum(sum(line.get(metric, [])) for line in self.output if "_aws" in line)

    @property
    def written(self) -> int:
        """How many bytes CloudWatch got."""
        return os.fstat(self._output.fileno()).st_size

    @property
    def memory_kb(self) -> int:
        """The memory that the process occupies, in KiB."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        (line,) = [line for line in status.splitlines() if line.startswith("VmRSS:")]
        return int(line.split()[1])

    def _read(self) -> str:
        # At a position of its own: the process goes on writing at the end.
        return os.pread(self._output.fileno(), self.written, 0).decode()

    def _freeze(self) -> None:
        if self._freezes:
            self._frozen = True
            self.process.send_signal(signal.SIGSTOP)

    def _thaw(self) -> None:
        if self._frozen:
            self._frozen = False
            self.process.send_signal(signal.SIGCONT)
