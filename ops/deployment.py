"""Finds the deployment that a command works on: the local run or a stage on AWS."""

import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore.credentials import Credentials
from botocore.exceptions import BotoCoreError, ClientError

from infra.spec.paths import RUN_FOLDER
from infra.spec.service import REGION
from infra.spec.stages import STAGES
from local import aws
from local.run_folder import RunFolder

RUN_FOLDER_VARIABLE = "OPS_RUN_FOLDER"
"""The environment variable that names the folder of the local run, if it is not ``.local``."""


class NoDeployment(Exception):
    """The deployment does not exist, or AWS does not describe it; the message gives advice."""


@dataclass(frozen=True)
class Deployment:
    """A deployed stack, and the AWS that it is deployed to."""

    outputs: Mapping[str, str]
    """The stack's outputs."""

    aws_endpoint_url: str | None = None
    """The URL of the embedded AWS; None for AWS itself."""

    @property
    def api_url(self) -> str:
        """The API's base URL, without a trailing slash."""
        return self.outputs["ApiUrl"].rstrip("/")

    def api_key(self) -> str:
        """Return the value of the default usage plan's API key.

        Raises:
            ClientError, BotoCoreError: AWS does not return it.
        """
        parameter = self.client("ssm").get_parameter(
            Name=self.outputs["ApiKeyParameter"], WithDecryption=True
        )
        value: str = parameter["Parameter"]["Value"]
        return value

    def credentials(self) -> Any:
        """Return the AWS credentials to sign requests with, as botocore's signers take them.

        Raises:
            NoDeployment: There are none.
        """
        if self.aws_endpoint_url is not None:
            return Credentials(*aws.ROOT)
        credentials = boto3.Session().get_credentials()
        if credentials is None:
            raise NoDeployment("There are no AWS credentials. Log in with `aws sso login`.")
        return credentials

    def client(self, service: str) -> Any:
        """Return a boto3 client for the deployment's AWS.

        Args:
            service: The service's name in boto3.
        """
        if self.aws_endpoint_url is not None:
            return aws.client(service, self.aws_endpoint_url)
        # The type stubs accept only literal service names.
        create_client: Any = boto3.client
        return create_client(service, region_name=REGION)


def find_deployment(stage: str | None) -> Deployment:
    """Return the deployment of a stage, or of the local run.

    Args:
        stage: The stage's name; None for the local run.

    Raises:
        NoDeployment: It does not exist, or AWS does not show it.
    """
    return _local_run() if stage is None else _stage_on_aws(stage)


def _local_run() -> Deployment:
    folder = Path(os.environ.get(RUN_FOLDER_VARIABLE) or RUN_FOLDER)
    endpoint = RunFolder(folder).read_endpoint()
    if endpoint is None:
        raise NoDeployment(
            "There is no local run. Start it with `make up`, or name a stage on AWS"
            f" with --stage {'|'.join(STAGES)}."
        )
    if not _answers(endpoint.aws_endpoint_url):
        raise NoDeployment("The local run has ended unexpectedly. Start it with `make up`.")
    # The stack's own output contains a host name of AWS.
    outputs = {**endpoint.outputs, "ApiUrl": endpoint.api_url}
    return Deployment(outputs, endpoint.aws_endpoint_url)


def _answers(url: str) -> bool:
    parts = urlsplit(url)
    try:
        socket.create_connection((str(parts.hostname), parts.port or 80), timeout=5).close()
    except OSError:
        return False
    return True


def _stage_on_aws(stage: str) -> Deployment:
    if stage not in STAGES:
        raise NoDeployment(f"There is no stage {stage}. Choose one of {', '.join(STAGES)}.")
    name = STAGES[stage].stack
    try:
        (stack,) = boto3.client("cloudformation", region_name=REGION).describe_stacks(
            StackName=name
        )["Stacks"]
    except ClientError as error:
        if "does not exist" in error.response["Error"]["Message"]:
            raise NoDeployment(
                f"{name} is not deployed. Deploy it with `make deploy STAGE={stage}`."
            ) from error
        raise NoDeployment(f"AWS does not describe the stack {name}: {error}") from error
    except BotoCoreError as error:
        raise NoDeployment(
            f"The call to AWS failed: {error}. Log in with `aws sso login` or `aws configure`."
        ) from error
    return Deployment({output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]})
