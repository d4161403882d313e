"""Deploying the stack to the emulator with the CDK command line, as one would to AWS."""

import contextlib
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import IO, Self

from local import aws
from local.errors import LocalRunError
from local.home import PROJECT, Endpoint, Home
from local.progress import Progress, Step

STAGE = "dev"
STACK = f"JobLedger-{STAGE}"

_CDK = PROJECT / "node_modules" / ".bin" / "cdk"
_CONTEXT = ("-c", f"stage={STAGE}", "-c", "credentials=cli")

# <stack> | <done>/<total> | <time> | <status> | <type> | <name> (<logical id>) <reason>
_EVENT = re.compile(r" \| +(\d+)/(\d+) \| [^|]+\| \w+ +\| (\S+) ")
_EVIDENCE_LINES = 15


class Deployment:
    """A deployment of the stack; as long as the context is entered, its processes may run.

    The app is synthesized from the start: that takes longest, and needs no emulator.

    Args:
        home: Where the cloud assembly and the log of the CDK go.
        progress: Where to tell what is going on.
        project: The folder of the CDK app.

    Raises:
        LocalRunError: The CDK is not installed.
    """

    def __init__(self, home: Home, progress: Progress, *, project: Path = PROJECT) -> None:
        if not _CDK.exists():
            raise LocalRunError("The CDK command line is not installed; run `make setup` first.")
        self._home = home
        self._progress = progress
        self._project = project
        self._running = contextlib.ExitStack()

    def __enter__(self) -> Self:
        self._log = self._running.enter_context(self._home.deploy_log.open("wb"))
        self._synthesis = self._running.enter_context(
            _cdk(
                *("synth", "--quiet", *_CONTEXT, "--output", str(self._home.assembly)),
                folder=self._project,
                environment=_environment(None),
                output=self._log,
            )
        )
        return self

    def __exit__(self, *_: object) -> None:
        self._running.close()

    def to(self, endpoint_url: str) -> Endpoint:
        """Deploy to the emulator, or bring it up to date, and write ``endpoint.json``.

        Raises:
            LocalRunError: It failed.
        """
        with self._progress.step("Bootstrapping the account for the CDK"):
            environment = f"aws://{aws.ACCOUNT}/{aws.REGION}"
            # In a folder without an app: the CDK would synthesize it once more.
            with self._command(
                endpoint_url, "bootstrap", environment, folder=self._home.tmp
            ) as cdk:
                self._finish(cdk, "bootstrap the account")
        with self._progress.step("Synthesizing the stack"):
            self._finish(self._synthesis, "synthesize the stack")
        with (
            self._progress.step(f"Deploying {STACK}") as step,
            self._command(
                endpoint_url,
                *("deploy", STACK, "--app", str(self._home.assembly)),
                *("--require-approval", "never", "--progress", "events"),
                output=subprocess.PIPE,
            ) as cdk,
        ):
            self._report(cdk, step)
            self._finish(cdk, "deploy the stack")
        endpoint = find_endpoint(endpoint_url)
        self._home.write_endpoint(endpoint)
        return endpoint

    def _command(
        self,
        endpoint_url: str,
        *arguments: str,
        folder: Path | None = None,
        output: int | None = None,
    ) -> AbstractContextManager[subprocess.Popen[bytes]]:
        return _cdk(
            *arguments,
            folder=folder or self._project,
            environment=_environment(endpoint_url),
            output=output or self._log,
        )

    def _report(self, cdk: subprocess.Popen[bytes], step: Step) -> None:
        """Log what the CDK says, and tell how far the stack is."""
        for line in cdk.stdout or ():
            self._log.write(line)
            self._log.flush()
            if event := _EVENT.search(line.decode(errors="replace")):
                done, total, type_ = event.groups()
                step.at(int(done), int(total), type_)

    def _finish(self, cdk: subprocess.Popen[bytes], what: str) -> None:
        if cdk.wait() == 0:
            return
        said = self._home.deploy_log.read_text(errors="replace").splitlines()
        failures = list(dict.fromkeys(line for line in said if "_FAILED " in line))
        raise LocalRunError(
            f"The CDK could not {what}; all that it said is in {self._home.deploy_log}.",
            evidence="\n".join(failures or said[-_EVIDENCE_LINES:]),
        )


def find_endpoint(endpoint_url: str) -> Endpoint:
    """How to reach the stack that is deployed to the emulator."""
    cloudformation = aws.client("cloudformation", endpoint_url)
    resources = {
        resource["ResourceType"]: resource["PhysicalResourceId"]
        for page in cloudformation.get_paginator("list_stack_resources").paginate(StackName=STACK)
        for resource in page["StackResourceSummaries"]
    }
    (stack,) = cloudformation.describe_stacks(StackName=STACK)["Stacks"]
    key = aws.client("apigateway", endpoint_url).get_api_key(
        apiKey=resources["AWS::ApiGateway::ApiKey"], includeValue=True
    )
    api, stage = resources["AWS::ApiGateway::RestApi"], resources["AWS::ApiGateway::Stage"]
    return Endpoint(
        # The stack's own output names a host of AWS.
        api_url=f"{endpoint_url}/_aws/execute-api/{api}/{stage}",
        api_key=key["value"],
        aws_endpoint_url=endpoint_url,
        outputs={output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]},
    )


@contextlib.contextmanager
def _cdk(
    *arguments: str, folder: Path, environment: dict[str, str], output: IO[bytes] | int
) -> Iterator[subprocess.Popen[bytes]]:
    """A command of the CDK; it ends with the context, and so do the processes it started."""
    with subprocess.Popen(  # noqa: S603
        [_CDK, *arguments],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        # Else Ctrl-C reaches it before us, and it reports that as a failure of its own.
        start_new_session=True,
    ) as process:
        try:
            yield process
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def _environment(endpoint_url: str | None) -> dict[str, str]:
    """The CDK's environment, in which nothing of AWS is the person's own."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return {
        **inherited,
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), inherited.get("PATH", "")]),
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "CDK_DISABLE_VERSION_CHECK": "true",
        "CDK_DISABLE_CLI_TELEMETRY": "true",
        **(aws.environment(endpoint_url) if endpoint_url else {}),
    }
