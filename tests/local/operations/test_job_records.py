"""The records of a job's life: the item, its log lines and its archived lines."""

import uuid

import pytest

from infra.spec.output_names import table_output
from infra.spec.routes import FUNCTIONS
from tests.support.deployment.service import Service
from tests.support.entities import ENTITY
from tests.support.http.caller import Caller
from tests.support.logs.log_archive import archived_lines
from tests.support.logs.log_groups import canonical_lines, logged_lines


@pytest.mark.mission(
    "You'll create a Python-based Lambda function that serves as the backbone of a data"
    " processing system, complete with API exposure, database integration, and comprehensive"
    " monitoring.",
)
def test_a_job_leaves_an_item_log_lines_and_archived_lines(
    service: Service, call: Caller, pipeline: str
) -> None:
    responses = {
        "create": call("POST", "/jobs", {"pipeline": pipeline, "input_uri": "s3://in/1"}),
    }
    path = "/" + responses["create"].headers["Location"]
    call("PATCH", path, {"status": "RUNNING"})
    call("PATCH", path, {"progress": 50})
    responses["update"] = call("PATCH", path, {"status": "SUCCEEDED"})
    responses["read"] = call("GET", path)
    responses["delete"] = call("DELETE", f"/jobs/{uuid.uuid4()}")

    item = service.client("dynamodb").get_item(
        TableName=service.outputs[table_output(ENTITY)],
        Key={"job_id": {"S": responses["create"].body["job_id"]}},
    )["Item"]
    assert item["status"] == {"S": "SUCCEEDED"}
    assert item["version"] == {"N": "4"}

    assert set(responses) == set(FUNCTIONS)
    for function, response in responses.items():
        request_id = response.headers["X-Request-Id"]
        (line,) = canonical_lines(logged_lines(service, function, request_id))
        assert line["status"] == response.status
        assert canonical_lines(archived_lines(service, function, request_id)) == [line]
