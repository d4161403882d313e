"""SIGTERM in the middle of a request: nothing is reported twice, and nothing is lost."""

import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from local.lambda_runtime.gateway_event import gateway_event
from local.lambda_runtime.moto_aws import MotoAws
from local.lambda_runtime.runtime_api import WAIT_SECONDS
from tests.lifecycle.conftest import Start
from tests.lifecycle.signal_during_flush import Moment, write_sitecustomize
from tests.support.entities import ENTITY, EXAMPLES


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_signal_while_metrics_are_printed_prints_each_of_them_once(
    aws: MotoAws, start: Start, tmp_path: Path, moment: Moment
) -> None:
    environment = start(
        function="create", flush_seconds=60, modules=write_sitecustomize(tmp_path, moment)
    )
    with ThreadPoolExecutor(1) as pool:
        invocation = pool.submit(
            environment.invoke, gateway_event("POST", ENTITY.path, EXAMPLES.least)
        )
        try:
            assert environment.process.wait(WAIT_SECONDS) == -signal.SIGTERM
        finally:
            environment.api.close()
    assert invocation.exception(), "the signal came after the answer"

    metrics = [line for line in environment.output_lines if "_aws" in line]
    assert [line.get(ENTITY.metric("created")) for line in metrics].count([1.0]) == 1
    assert environment.metric_sum(ENTITY.metric("created")) == 1
    assert environment.metric_sum("DynamoDBAttempts") == 1
    assert environment.metric_sum("ArchiveUploads") == len(aws.uploads) == 1
    assert aws.archived_lines("create") == environment.log_lines
