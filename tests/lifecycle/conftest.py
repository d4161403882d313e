"""Execution environments, and the AWS that they work with."""

import contextlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from local.lambda_runtime import jobs_table
from local.lambda_runtime.environment_variables import FUNCTION_ENVIRONMENT
from local.lambda_runtime.execution_environment import ExecutionEnvironment
from local.lambda_runtime.moto_aws import MotoAws, serve_aws

Start = Callable[..., ExecutionEnvironment]


@pytest.fixture(scope="session", autouse=True)
def resources() -> None:
    """What the functions use besides the archive, in every AWS of these tests."""
    with serve_aws() as aws:
        jobs_table.create_table(aws.client("dynamodb"), FUNCTION_ENVIRONMENT["TABLE_NAME"])
        aws.client("ssm").put_parameter(
            Name=FUNCTION_ENVIRONMENT["CONFIG_PARAMETER"],
            Type="String",
            Value=json.dumps({"retention_days": 7}),
        )


@pytest.fixture
def aws() -> Iterator[MotoAws]:
    """An AWS with an archive of this test's own."""
    with serve_aws() as aws:
        yield aws


@pytest.fixture(scope="session")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Keeps the bytecode of the layer from one execution environment to the next."""
    return tmp_path_factory.mktemp("compiled")


@pytest.fixture
def start(aws: MotoAws, compiled: Path) -> Iterator[Start]:
    """Starts execution environments; takes the arguments of ExecutionEnvironment by name."""
    with contextlib.ExitStack() as running:

        def start(aws: MotoAws = aws, **options: object) -> ExecutionEnvironment:
            environment = ExecutionEnvironment(aws=aws, compiled=compiled, **options)  # type: ignore[arg-type]
            return running.enter_context(environment)

        yield start
