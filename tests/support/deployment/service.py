"""The service, deployed to an emulator for the end-to-end tests."""

import contextlib
import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from rich.console import Console

from infra.spec.stages import Authorization
from local import aws
from local.deploy import CdkDeployment
from local.emulator import process
from local.progress import Progress
from local.run_folder import Endpoint, RunFolder
from local.settings import Settings


@dataclass(frozen=True)
class Service:
    """The deployed service, and the emulated AWS account around it."""

    run_folder: RunFolder
    """The folder of the service's local run."""

    endpoint: Endpoint
    """The URLs and the key of the service, and the stack's outputs."""

    @property
    def api_url(self) -> str:
        """The API's base URL, without a slash at the end."""
        return self.endpoint.api_url

    @property
    def api_key(self) -> str:
        """The value for the ``x-api-key`` header."""
        return self.endpoint.api_key

    @property
    def cursor_keys(self) -> list[str]:
        """The secrets that sign cursors, newest first."""
        parameter = self.client("ssm").get_parameter(
            Name=self.outputs["ParametersCursorKey"], WithDecryption=True
        )["Parameter"]
        return [key["secret"] for key in json.loads(parameter["Value"])]

    @property
    def outputs(self) -> dict[str, str]:
        """The stack's outputs."""
        return self.endpoint.outputs

    def client(self, name: str) -> Any:
        """Create a boto3 client with the permissions of the account's root user."""
        return aws.client(name, self.endpoint.aws_endpoint_url)

    def client_of(self, function: str, name: str) -> Any:
        """Create a boto3 client with the permissions of a function's role.

        Args:
            function: One of ``infra.spec.routes.FUNCTIONS``.
            name: boto3's name for the AWS service.
        """
        credentials = self.client("sts").assume_role(
            RoleArn=self._role_arn(function), RoleSessionName="test"
        )["Credentials"]
        return aws.client(
            name,
            self.endpoint.aws_endpoint_url,
            aws.Credentials(
                credentials["AccessKeyId"],
                credentials["SecretAccessKey"],
                credentials["SessionToken"],
            ),
        )

    @contextlib.contextmanager
    def denied(self, function: str, *actions: str) -> Iterator[None]:
        """Deny actions to a function until the context ends."""
        iam = self.client("iam")
        policy = {
            "RoleName": self._role_arn(function).rpartition("/")[2],
            "PolicyName": "denied",
        }
        statement = {"Effect": "Deny", "Action": actions, "Resource": "*"}
        document = {"Version": "2012-10-17", "Statement": [statement]}
        iam.put_role_policy(**policy, PolicyDocument=json.dumps(document))
        try:
            yield
        finally:
            iam.delete_role_policy(**policy)

    def _role_arn(self, function: str) -> str:
        role: str = self.client("lambda").get_function_configuration(
            FunctionName=self.outputs[f"{function.title()}Function"]
        )["Role"]
        return role

    def restart(self, function: str) -> None:
        """Make the function's next request a cold start."""
        lambda_ = self.client("lambda")
        name = self.outputs[f"{function.title()}Function"]
        environment = lambda_.get_function_configuration(FunctionName=name)["Environment"]
        variables = {**environment["Variables"], "RESTARTED": uuid.uuid4().hex}
        lambda_.update_function_configuration(
            FunctionName=name, Environment={"Variables": variables}
        )


@contextlib.contextmanager
def deployed(
    run_folder: RunFolder, authorization: Authorization | None = None
) -> Iterator[Service]:
    """Deploy the service with the real CDK to a new emulator, which stops with the context.

    Args:
        run_folder: The folder of the local run.
        authorization: The API's authorization; None for the stage's own.
    """
    with run_folder.lock() as lock:
        assert lock
        run_folder.clear()
        with (
            CdkDeployment(
                run_folder,
                Progress(Console(stderr=True)),
                settings=Settings(authorization=authorization),
            ) as deployment,
            process.running_emulator(run_folder, process.free_port(), lock) as running,
        ):
            yield Service(run_folder, deployment.deploy_to(running.endpoint_url))
