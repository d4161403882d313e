"""The records of an item's life: the stored item, its log lines and its archived lines."""

import uuid

import pytest

from infra.spec.output_names import table_output
from tests.support.deployment.service import Service
from tests.support.entities import ENTITY, EXAMPLES, function_for, new_body
from tests.support.http.caller import Caller
from tests.support.logs.log_archive import archived_lines
from tests.support.logs.log_groups import canonical_lines, logged_lines


@pytest.mark.mission(
    "You'll create a Python-based Lambda function that serves as the backbone of a data"
    " processing system, complete with API exposure, database integration, and comprehensive"
    " monitoring.",
)
def test_an_item_leaves_a_stored_item_log_lines_and_archived_lines(
    service: Service, call: Caller
) -> None:
    life = EXAMPLES.life()
    created = call("POST", ENTITY.path, new_body())
    path = "/" + created.headers["Location"]
    changed = [call("PATCH", path, change.body) for change in life]
    responses = {
        function_for("POST"): created,
        function_for("PATCH"): changed[-1],
        function_for("GET"): call("GET", path),
        function_for("DELETE"): call("DELETE", f"{ENTITY.path}/{uuid.uuid4()}"),
    }

    item = service.client("dynamodb").get_item(
        TableName=service.outputs[table_output(ENTITY)],
        Key={ENTITY.id_field: {"S": created.body[ENTITY.id_field]}},
    )["Item"]
    assert item["status"] == {"S": life[-1].target}
    assert item["version"] == {"N": str(1 + len(life))}

    for function, response in responses.items():
        request_id = response.headers["X-Request-Id"]
        (line,) = canonical_lines(logged_lines(service, function, request_id))
        assert line["status"] == response.status
        assert canonical_lines(archived_lines(service, function, request_id)) == [line]
