"""The layer as an internal extension of Lambda."""

import math
import statistics
import time
from typing import Any

import pytest

from common.aws.timeouts import POSTING_TIMEOUT
from infra.spec.routes import FUNCTIONS, Function
from local.lambda_runtime.gateway_event import gateway_event
from local.lambda_runtime.moto_aws import MotoAws
from local.lambda_runtime.runtime_api import WAIT_SECONDS
from tests.lifecycle.conftest import Start
from tests.support.entities import ENTITY
from tests.support.faults.kinds import KINDS
from tests.support.faults.server import serve_hostile_aws


@pytest.mark.parametrize("function", FUNCTIONS)
def test_every_function_registers_before_it_asks_for_work(start: Start, function: Function) -> None:
    environment = start(function=function)
    environment.api.wait_until_idle()

    assert environment.api.registration == {"name": "log-archive", "events": ["INVOKE"]}


def test_a_function_whose_extension_is_refused_reports_it_and_does_not_start(start: Start) -> None:
    environment = start(function="read", accepts_extensions=False)
    environment.api.wait_until_idle()

    assert "Extension.Refused" in environment.api.init_error["errorMessage"]


def test_an_environment_ends_when_lambda_closes_the_connection(start: Start) -> None:
    environment = start(function="read")
    environment.invoke(_unknown_item())
    environment.api.wait_until_idle()

    environment.api.close()

    assert environment.process.wait(10) != 0


def test_an_environment_whose_credentials_aws_refuses_answers_ships_its_lines_and_ends(
    aws: MotoAws, start: Start
) -> None:
    with serve_hostile_aws() as hostile:
        hostile.inject("dynamodb", KINDS["ExpiredTokenException"].fault, math.inf)
        environment = start(
            function="read",
            flush_seconds=60,
            variables={"AWS_ENDPOINT_URL_DYNAMODB": hostile.url},
        )

        assert environment.invoke(_unknown_item()).answer["statusCode"] == 503

        assert environment.process.wait(WAIT_SECONDS) != 0
    assert environment.log_lines[-1]["level"] == "CRITICAL"
    assert aws.archived_lines("read") == environment.log_lines


def test_an_idle_environment_that_shipped_everything_ends_without_output(start: Start) -> None:
    environment = start(function="read")
    environment.invoke(_unknown_item())
    environment.api.wait_until_idle()
    output = environment.output_lines

    environment.terminate()

    assert environment.output_lines == output


@pytest.mark.parametrize("sampled", [False, True], ids=["not sampled", "sampled"])
@pytest.mark.parametrize("function", ["read", "delete"])
def test_an_error_response_delays_the_next_request_no_more_than_any_other(
    start: Start, function: Function, sampled: bool
) -> None:
    environment = start(function=function, sampled=sampled, flush_seconds=60)
    environment.invoke(_unknown_item(function))
    environment.api.wait_until_idle()

    pauses = []
    for _ in range(11):
        invocation = environment.invoke(_unknown_item(function))
        assert invocation.answer["statusCode"] == 404
        environment.api.wait_until_idle()
        assert invocation.answered_at is not None
        pauses.append(time.monotonic() - invocation.answered_at)

    # The extension waits so long for a context that never ends.
    assert statistics.median(pauses) < POSTING_TIMEOUT / 2


def _unknown_item(function: Function = "read") -> dict[str, Any]:
    method = {"read": "GET", "delete": "DELETE"}[function]
    return gateway_event(method, f"{ENTITY.path}/00000000-0000-4000-8000-000000000000")
