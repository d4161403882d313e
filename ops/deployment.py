"""Which deployment a command works on: a stage on AWS, or the one that runs on this machine."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from infra.spec.paths import RUN_FOLDER
from infra.spec.stages import REGION, STAGES

HOME = "JOB_LEDGER_HOME"
"""The environment variable with the folder of the local run, if it is not .local."""

# The embedded AWS trusts these; they open nothing else.
_LOCAL_CREDENTIALS = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}


class NoTarget(Exception):
    """There is no such deployment; the message says what to do."""


@dataclass(frozen=True)
class Target:
    """A deployment of Job Ledger.

    Attributes:
        outputs: The outputs of its stack.
        aws_endpoint_url: Where its AWS answers, if that is not AWS itself.
    """

    outputs: Mapping[str, str]
    aws_endpoint_url: str | None = None

    @property
    def api_url(self) -> str:
        """The API's base URL, without a slash at its end."""
        return self.outputs["ApiUrl"].rstrip("/")

    def api_key(self) -> str:
        """The value of the API key of the default usage plan.

        Raises:
            ClientError, BotoCoreError: AWS does not show it.
        """
        key = self.client("apigateway").get_api_key(
            apiKey=self.outputs["ApiKeyId"], includeValue=True
        )
        value: str = key["value"]
        return value

    def credentials(self) -> Any:
        """Our own credentials for the AWS of this deployment, as botocore has them.

        Raises:
            NoTarget: There are none.
        """
        make: Any = boto3.Session
        session = make(**({} if self.aws_endpoint_url is None else _LOCAL_CREDENTIALS))
        credentials = session.get_credentials()
        if credentials is None:
            raise NoTarget("There are no AWS credentials. Log in with `aws sso login`.")
        return credentials

    def client(self, service: str) -> Any:
        """A boto3 client for the AWS of this deployment.

        Args:
            service: The service, as boto3 names it.
        """
        # The type stubs take the services' names only as literals.
        make: Any = boto3.client
        if self.aws_endpoint_url is None:
            return make(service, region_name=REGION)
        return make(
            service,
            region_name=REGION,
            endpoint_url=self.aws_endpoint_url,
            # Nothing resolves <bucket>.127.0.0.1.
            config=Config(s3={"addressing_style": "path"}),
            **_LOCAL_CREDENTIALS,
        )


def find(stage: str | None) -> Target:
    """The deployment of a stage, or without one that of the local run.

    Args:
        stage: A stage's name; None for what ``make run`` or ``make up`` has started.

    Raises:
        NoTarget: There is none, or AWS does not let us see it.
    """
    return _on_this_machine() if stage is None else _on_aws(stage)


def _on_this_machine() -> Target:
    try:
        endpoint = json.loads(
            (Path(os.environ.get(HOME) or RUN_FOLDER) / "endpoint.json").read_text()
        )
    except FileNotFoundError as error:
        raise NoTarget(
            "Nothing runs on this machine. Start it with `make up`, or name a stage on AWS"
            f" with --stage {'|'.join(STAGES)}."
        ) from error
    # The output of the API's URL has the name that it would have on AWS.
    return Target(
        {**endpoint["outputs"], "ApiUrl": endpoint["api_url"]}, endpoint["aws_endpoint_url"]
    )


def _on_aws(stage: str) -> Target:
    if stage not in STAGES:
        raise NoTarget(f"There is no stage {stage}; there are {', '.join(STAGES)}.")
    name = STAGES[stage].stack
    try:
        (stack,) = boto3.client("cloudformation", region_name=REGION).describe_stacks(
            StackName=name
        )["Stacks"]
    except ClientError as error:
        if "does not exist" in error.response["Error"]["Message"]:
            raise NoTarget(
                f"{name} is not deployed. Deploy it with `make deploy STAGE={stage}`."
            ) from error
        raise NoTarget(f"AWS does not show {name}: {error}") from error
    except BotoCoreError as error:
        raise NoTarget(
            f"AWS cannot be asked ({error}). Log in with `aws sso login` or `aws configure`."
        ) from error
    return Target({each["OutputKey"]: each["OutputValue"] for each in stack["Outputs"]})
