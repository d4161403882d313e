"""Retries and timeouts, computed from the settings that the clients really have."""

import math
from typing import Any

import pytest
from botocore.retries.standard import ExponentialBackoff, RetryContext

from common.aws import timeouts
from common.aws.clients import Service, client
from infra.spec.routes import ROUTES, Route
from infra.spec.stages import STAGES, Stage


@pytest.mark.mission("Implement retry logic and timeout handling for DynamoDB operations")
@pytest.mark.parametrize("stage", STAGES.values(), ids=lambda stage: stage.name)
@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
def test_each_step_of_a_request_fits_into_the_step_around_it(route: Route, stage: Stage) -> None:
    rounds = math.ceil(stage.shards / timeouts.MAX_CONNECTIONS) if route.indexes else 1
    calls = (
        rounds * timeouts.DYNAMODB.worst_case + len(route.ssm_parameters) * timeouts.SSM.worst_case
    )

    assert timeouts.S3.worst_case < timeouts.SHIPPING_RESERVE
    assert calls + timeouts.SHIPPING_RESERVE < timeouts.LAMBDA_TIMEOUT
    assert timeouts.LAMBDA_TIMEOUT < timeouts.API_GATEWAY_TIMEOUT
    assert timeouts.API_GATEWAY_TIMEOUT <= 29


@pytest.mark.mission("Implement retry logic and timeout handling for DynamoDB operations")
@pytest.mark.parametrize(
    ("service", "expected"),
    [("dynamodb", timeouts.DYNAMODB), ("ssm", timeouts.SSM), ("s3", timeouts.S3)],
)
def test_each_client_has_the_timeouts_and_attempts_of_its_service(
    service: Service, expected: timeouts.Timeouts
) -> None:
    config: Any = client(service).meta.config

    assert config.connect_timeout == expected.connect
    assert config.read_timeout == expected.read
    assert config.retries == {"mode": "standard", "total_max_attempts": expected.attempts}


def test_the_worst_case_includes_the_longest_pauses_of_botocore() -> None:
    longest_backoff = ExponentialBackoff(random=lambda: 1.0)

    pauses = sum(
        longest_backoff.delay_amount(RetryContext(attempt_number=number))
        for number in range(1, timeouts.DYNAMODB.attempts)
    )

    assert timeouts.DYNAMODB.worst_case == pytest.approx(
        timeouts.DYNAMODB.attempts * (timeouts.DYNAMODB.connect + timeouts.DYNAMODB.read) + pauses
    )
