"""The fields that a stored job has, by its status."""

import pytest

from common.entities.jobs import JOBS
from common.entities.jobs.rules import ENDED, Status
from tests.support.entities import create_with
from tests.support.http.caller import Caller


@pytest.mark.parametrize("status", Status)
def test_a_job_has_the_fields_of_its_status(status: Status, call: Caller) -> None:
    job = create_with(call, status, JOBS)

    assert ("finished_at" in job) == (status in ENDED) == ("expires_at" in job)
    assert ("error" in job) == (status == Status.FAILED)
    cancelled_before_its_start = status == Status.CANCELLED
    assert ("started_at" in job) == (status != Status.PENDING and not cancelled_before_its_start)


def test_a_job_that_is_retried_has_the_fields_of_a_new_one(call: Caller) -> None:
    new = create_with(call, Status.PENDING, JOBS)
    failed = create_with(call, Status.FAILED, JOBS)

    retried = call("PATCH", f"/jobs/{failed['job_id']}", {"status": Status.PENDING}).body

    assert retried.keys() == new.keys()
    assert retried["attempt"] == 2


def test_parameters_come_back_as_they_were_written(call: Caller) -> None:
    parameters = '{"n":[0.12345678901234567890,1e-400,-0,-0.0,1.50,1e2,0.0000001],"名前":"日本 💥"}'
    body = f'{{"pipeline":"written","input_uri":"s3://in/1","parameters":{parameters}}}'

    created = call("POST", "/jobs", body.encode())
    read = call("GET", f"/jobs/{created.body['job_id']}")

    assert created.status == 201
    assert f'"parameters":{parameters}' in created.text
    assert f'"parameters":{parameters}' in read.text
