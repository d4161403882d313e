"""The time ladder, computed from the settings that the clients really have."""

import math
from typing import Any

import pytest
from botocore.retries.standard import ExponentialBackoff, RetryContext

from common import ladder
from common.aws import Service, client
from infra.routes import ROUTES, Route
from infra.stage import STAGES, Stage


@pytest.mark.parametrize("stage", STAGES.values(), ids=lambda stage: stage.name)
@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
def test_each_step_of_a_request_fits_into_the_next(route: Route, stage: Stage) -> None:
    rounds = math.ceil(stage.shards / ladder.MAX_CONNECTIONS) if route.indexes else 1
    calls = rounds * ladder.DYNAMODB.worst_case + len(route.parameters) * ladder.SSM.worst_case

    assert ladder.S3.worst_case < ladder.SHIPPING_RESERVE
    assert calls + ladder.SHIPPING_RESERVE < ladder.LAMBDA_TIMEOUT
    assert ladder.LAMBDA_TIMEOUT < ladder.API_GATEWAY_TIMEOUT
    assert ladder.API_GATEWAY_TIMEOUT <= 29


@pytest.mark.parametrize(
    ("service", "patience"),
    [("dynamodb", ladder.DYNAMODB), ("ssm", ladder.SSM), ("s3", ladder.S3)],
)
def test_the_clients_are_as_patient_as_the_ladder_says(
    service: Service, patience: ladder.Patience
) -> None:
    config: Any = client(service).meta.config

    assert config.connect_timeout == patience.connect
    assert config.read_timeout == patience.read
    assert config.retries == {"mode": "standard", "total_max_attempts": patience.attempts}


def test_botocore_never_pauses_longer_than_the_ladder_allows() -> None:
    longest = ExponentialBackoff(random=lambda: 1.0)

    pauses = sum(
        longest.delay_amount(RetryContext(attempt_number=number))
        for number in range(1, ladder.DYNAMODB.attempts)
    )

    assert ladder.DYNAMODB.worst_case == pytest.approx(
        ladder.DYNAMODB.attempts * (ladder.DYNAMODB.connect + ladder.DYNAMODB.read) + pauses
    )
