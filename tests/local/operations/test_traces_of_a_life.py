"""What a job's life leaves behind: the item, log lines, archived lines."""

import uuid

import pytest

from infra.spec.routes import FUNCTIONS
from tests.support.deployment.service import Service
from tests.support.http.caller import Caller
from tests.support.logs.log_archive import archived_lines
from tests.support.logs.log_groups import canonical_lines, logged_lines


@pytest.mark.mission(
    "You'll create a Python-based Lambda function that serves as the backbone of a data"
    " processing system, complete with API exposure, database integration, and comprehensive"
    " monitoring.",
)
def test_a_life_leaves_an_item_log_lines_and_archived_lines(
    service: Service, call: Caller, pipeline: str
) -> None:
    answers = {
        "create": call("POST", "/jobs", {"pipeline": pipeline, "input_uri": "s3://in/1"}),
    }
    path = "/" + answers["create"].headers["Location"]
    call("PATCH", path, {"status": "RUNNING"})
    call("PATCH", path, {"progress": 50})
    answers["update"] = call("PATCH", path, {"status": "SUCCEEDED"})
    answers["read"] = call("GET", path)
    answers["delete"] = call("DELETE", f"/jobs/{uuid.uuid4()}")

    item = service.client("dynamodb").get_item(
        TableName=service.outputs["TableName"],
        Key={"job_id": {"S": answers["create"].body["job_id"]}},
    )["Item"]
    assert item["status"] == {"S": "SUCCEEDED"}
    assert item["version"] == {"N": "4"}

    assert set(answers) == set(FUNCTIONS)
    for function, answer in answers.items():
        request_id = answer.headers["X-Request-Id"]
        (line,) = canonical_lines(logged_lines(service, function, request_id))
        assert line["status"] == answer.status
        assert canonical_lines(archived_lines(service, function, request_id)) == [line]
