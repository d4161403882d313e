"""What a job's life leaves behind: the item, log lines, archived lines."""

import gzip
import json
import time
import uuid
from collections.abc import Callable, Iterator
from typing import Any

from infra.routes import FUNCTIONS
from tests.local.caller import Caller
from tests.local.service import Service

PATIENCE = 10.0


def _until_true(check: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not check():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def _logged(service: Service, function: str) -> list[dict[str, Any]]:
    pages = (
        service.client("logs")
        .get_paginator("filter_log_events")
        .paginate(logGroupName=f"/aws/lambda/job-ledger-dev-{function}")
    )
    messages = [event["message"] for page in pages for event in page["events"]]
    return [json.loads(message) for message in messages if message.startswith("{")]


def _archived(service: Service, function: str) -> Iterator[dict[str, Any]]:
    s3 = service.client("s3")
    bucket = service.outputs["ArchiveBucketName"]
    pages = s3.get_paginator("list_objects_v2").paginate(
        Bucket=bucket, Prefix=f"logs/function={function}/"
    )
    for entry in (entry for page in pages for entry in page.get("Contents", [])):
        body = s3.get_object(Bucket=bucket, Key=entry["Key"])["Body"].read()
        yield from map(json.loads, gzip.decompress(body).splitlines())


def test_a_life_leaves_an_item_log_lines_and_archived_lines(service: Service, call: Caller) -> None:
    pipeline = f"test-{uuid.uuid4().hex}"
    answers = {
        "create": call("POST", "/jobs", {"pipeline": pipeline, "input_uri": "s3://in/1"}),
    }
    path = "/" + answers["create"].headers["Location"]
    call("PATCH", path, {"status": "RUNNING"})
    call("PATCH", path, {"progress": 50})
    answers["update"] = call("PATCH", path, {"status": "SUCCEEDED"})
    answers["read"] = call("GET", path)
    answers["delete"] = call("DELETE", f"{path[:-1]}x")

    job = answers["read"].body
    item = service.client("dynamodb").get_item(
        TableName=service.outputs["TableName"], Key={"job_id": {"S": job["job_id"]}}
    )["Item"]
    assert item["status"] == {"S": "SUCCEEDED"}
    assert item["version"] == {"N": "4"}

    assert set(answers) == set(FUNCTIONS)
    for function, answer in answers.items():
        request_id = answer.headers["X-Request-Id"]

        def canonical(lines: list[dict[str, Any]], request_id: str = request_id) -> list[int]:
            return [
                line["status"]
                for line in lines
                if line.get("message") == "request" and line["request_id"] == request_id
            ]

        _until_true(lambda f=function, c=canonical: c(_logged(service, f)) != [])  # type: ignore[misc]
        assert canonical(_logged(service, function)) == [answer.status]
        assert canonical(list(_archived(service, function))) == [answer.status]
