"""Deploy the stack to the emulator with the CDK CLI, as to AWS."""

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Self

from botocore.exceptions import ClientError, WaiterError

from infra.spec.output_names import API_ACCESS_LOGS, function_logs
from infra.spec.paths import PROJECT
from infra.spec.routes import FUNCTIONS
from infra.spec.stages import STAGES
from local import aws, code_update
from local.errors import LocalRunError
from local.progress import Progress, Step
from local.run_folder import Endpoint, RunFolder
from local.settings import DEFAULT_STAGE, Settings

STAGE = DEFAULT_STAGE
STACK = STAGES[STAGE].stack

_CDK = PROJECT / "node_modules" / ".bin" / "cdk"
_BOOTSTRAP_STACK = "CDKToolkit"
_BOOTSTRAP_TEMPLATE = (
    PROJECT / "node_modules" / "aws-cdk" / "lib" / "api" / "bootstrap" / "bootstrap-template.yaml"
)
_BOOTSTRAP_PARAMETERS = {"FileAssetsBucketKmsKeyId": "AWS_MANAGED_KEY"}
"""The parameters whose defaults in the template are not those of ``cdk bootstrap``."""

# <stack> | <done>/<total> | <time> | <status> | <type> | <name> (<logical id>) <reason>
_EVENT = re.compile(r" \| +(\d+)/(\d+) \| [^|]+\| \w+ +\| (\S+) ")
"""A line of ``cdk deploy``."""

_DETAIL_LINES = 15
"""The lines at the end of a log that an error shows."""

_POLL_SECONDS = 0.05
_BOOTSTRAP_ATTEMPTS = 600


class CdkDeployment:
    """A deployment of the stack. The end of the context ends its processes.

    The synthesis starts with the context, since it takes longest and needs no emulator.

    Args:
        run_folder: The folder for the cloud assembly and the CDK's logs.
        progress: Shows the steps.
        project: The folder of the CDK app.
        settings: The stage and its authorization.

    Raises:
        LocalRunError: The CDK is not installed.
    """

    def __init__(
        self,
        run_folder: RunFolder,
        progress: Progress,
        *,
        project: Path = PROJECT,
        settings: Settings = Settings(),  # noqa: B008
    ) -> None:
        if not _CDK.exists():
            raise LocalRunError("The CDK command line is not installed; run `make setup` first.")
        self._run_folder = run_folder
        self._progress = progress
        self._project = project
        self._settings = settings
        self._running = contextlib.ExitStack()

    def __enter__(self) -> Self:
        # Read before the synthesis: a file that changes meanwhile is deployed again next time.
        self._sources = (
            code_update.read_sources(self._settings) if self._project == PROJECT else None
        )
        assembly = str(self._run_folder.assembly)
        # `make synth`, `make diff` and `make deploy` validate the template, which takes as long as
        # the rest of a synthesis.
        synthesis = ("synth", "--quiet", "--no-validation", *self._settings.context)
        self._synthesis = self._running.enter_context(
            _cdk(self._run_folder, *synthesis, "--output", assembly, folder=self._project)
        )
        return self

    def __exit__(self, *_: object) -> None:
        self._running.close()

    def deploy_to(self, endpoint_url: str) -> Endpoint:
        """Deploy to the emulator, or update its stack, and write ``endpoint.json``.

        Raises:
            LocalRunError: A command of the CDK failed.
        """
        if not _is_bootstrapped(endpoint_url):
            with self._progress.step("Bootstrapping the account for the CDK"):
                self._bootstrap(endpoint_url)
        with self._progress.step("Synthesizing the stack"):
            self._synthesis.finish()
        self._run_folder.sources_file.unlink(missing_ok=True)
        stack = self._settings.stack
        with self._progress.step(f"Deploying {stack}") as step:
            deploy = ("deploy", stack, "--app", str(self._run_folder.assembly))
            options = ("--require-approval", "never", "--progress", "events")
            with _cdk(
                self._run_folder, *deploy, *options, folder=self._project, endpoint_url=endpoint_url
            ) as cdk:
                cdk.finish(step)
        endpoint = find_endpoint(endpoint_url, stack)
        self._run_folder.write_endpoint(endpoint)
        if self._sources:
            code_update.write_sources(self._run_folder, self._sources)
        return endpoint

    def _bootstrap(self, endpoint_url: str) -> None:
        # `cdk bootstrap` creates the same stack, but takes seconds.
        cloudformation = aws.client("cloudformation", endpoint_url)
        cloudformation.create_stack(
            StackName=_BOOTSTRAP_STACK,
            TemplateBody=_BOOTSTRAP_TEMPLATE.read_text(),
            Parameters=[
                {"ParameterKey": name, "ParameterValue": value}
                for name, value in _BOOTSTRAP_PARAMETERS.items()
            ],
            Capabilities=["CAPABILITY_NAMED_IAM"],
        )
        try:
            cloudformation.get_waiter("stack_create_complete").wait(
                StackName=_BOOTSTRAP_STACK,
                WaiterConfig={"Delay": _POLL_SECONDS, "MaxAttempts": _BOOTSTRAP_ATTEMPTS},
            )
        except WaiterError as error:
            raise LocalRunError(
                "The account cannot be bootstrapped.", details=str(error)
            ) from error


def _is_bootstrapped(endpoint_url: str) -> bool:
    try:
        aws.client("cloudformation", endpoint_url).describe_stacks(StackName=_BOOTSTRAP_STACK)
    except ClientError:
        return False
    return True


def find_endpoint(endpoint_url: str, stack_name: str = STACK) -> Endpoint:
    """Return the addresses and outputs of a stack that is deployed to the emulator."""
    cloudformation = aws.client("cloudformation", endpoint_url)
    resources = {
        resource["ResourceType"]: resource["PhysicalResourceId"]
        for page in cloudformation.get_paginator("list_stack_resources").paginate(
            StackName=stack_name
        )
        for resource in page["StackResourceSummaries"]
    }
    (stack,) = cloudformation.describe_stacks(StackName=stack_name)["Stacks"]
    key = aws.client("apigateway", endpoint_url).get_api_key(
        apiKey=resources["AWS::ApiGateway::ApiKey"], includeValue=True
    )
    outputs = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
    api, stage = resources["AWS::ApiGateway::RestApi"], resources["AWS::ApiGateway::Stage"]
    return Endpoint(
        # The URL in the stack's outputs is that of AWS.
        api_url=f"{endpoint_url}/_aws/execute-api/{api}/{stage}",
        api_key=key["value"],
        aws_endpoint_url=endpoint_url,
        outputs=outputs,
        log_groups=[outputs[name] for name in (*map(function_logs, FUNCTIONS), API_ACCESS_LOGS)],
    )


class _Command:
    """A running command of the CDK."""

    def __init__(self, name: str, process: subprocess.Popen[bytes], log: Path) -> None:
        self._name = name
        self._process = process
        self._log = log

    def finish(self, step: Step | None = None) -> None:
        """Wait for the end of the command, and report its progress to ``step``.

        Raises:
            LocalRunError: The command failed.
        """
        with self._log.open(errors="replace") as output:
            while self._process.poll() is None:
                for line in output:
                    if step and (event := _EVENT.search(line)):
                        done, total, type_ = event.groups()
                        step.report(int(done), int(total), type_)
                time.sleep(_POLL_SECONDS)
        if self._process.returncode:
            lines = self._log.read_text(errors="replace").splitlines()
            failures = list(dict.fromkeys(line for line in lines if "_FAILED " in line))
            raise LocalRunError(
                f"`cdk {self._name}` failed; its output is in {self._log}.",
                details="\n".join(failures or lines[-_DETAIL_LINES:]),
            )


@contextlib.contextmanager
def _cdk(
    run_folder: RunFolder,
    command: str,
    *arguments: str,
    folder: Path,
    endpoint_url: str | None = None,
) -> Iterator[_Command]:
    """Run a command of the CDK. The end of the context ends the command's whole process group."""
    log = run_folder.cdk_log(command)
    with (
        log.open("wb") as output,
        subprocess.Popen(  # noqa: S603
            [_CDK, command, *arguments],
            cwd=folder,
            env=_environment(endpoint_url),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            # Ctrl-C must not reach the CDK, which would report it as an error.
            start_new_session=True,
        ) as process,
    ):
        try:
            yield _Command(command, process, log)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def _environment(endpoint_url: str | None) -> dict[str, str]:
    """Return the CDK's environment, without the user's AWS settings."""
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
