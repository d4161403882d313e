"""Execution environments, and the AWS that they call."""

import contextlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from common.entities import ENTITIES
from local.lambda_runtime import tables
from local.lambda_runtime.environment_variables import FUNCTION_ENVIRONMENT
from local.lambda_runtime.execution_environment import ExecutionEnvironment
from local.lambda_runtime.moto_aws import MotoAws, serve_aws

Start = Callable[..., ExecutionEnvironment]


@pytest.fixture(scope="session", autouse=True)
def resources() -> None:
    """Create the table and the parameter, which all servers of AWS share."""
    with serve_aws() as aws:
        tables.create_table(aws.client("dynamodb"), ENTITIES[0], ENTITIES[0].collection)
        aws.client("ssm").put_parameter(
            Name=FUNCTION_ENVIRONMENT["CONFIG_PARAMETER"],
            Type="String",
            Value=json.dumps({"retention_days": 7}),
        )


@pytest.fixture
def aws() -> Iterator[MotoAws]:
    """An AWS with an empty archive for the test."""
    with serve_aws() as aws:
        yield aws


@pytest.fixture(scope="session")
def bytecode(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder for the bytecode of the layer, which the environments share."""
    return tmp_path_factory.mktemp("bytecode")


@pytest.fixture
def start(aws: MotoAws, bytecode: Path) -> Iterator[Start]:
    """Starts execution environments, with the keyword arguments of ExecutionEnvironment."""
    with contextlib.ExitStack() as environments:

        def start(aws: MotoAws = aws, **options: object) -> ExecutionEnvironment:
            environment = ExecutionEnvironment(aws=aws, bytecode=bytecode, **options)  # type: ignore[arg-type]
            return environments.enter_context(environment)

        yield start
