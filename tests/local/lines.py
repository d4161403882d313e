"""The lines that the functions have written about a request."""

import gzip
import json
import time
from typing import Any

from tests.local.service import Service

PATIENCE = 10.0


def logged(service: Service, function: str, request_id: str) -> list[dict[str, Any]]:
    """The lines in the function's log group, metrics too, once the canonical one is there."""
    deadline = time.monotonic() + PATIENCE
    while True:
        pages = (
            service.client("logs")
            .get_paginator("filter_log_events")
            .paginate(
                logGroupName=service.outputs[f"{function.title()}Logs"],
                filterPattern=f'"{request_id}"',
            )
        )
        messages = [event["message"] for page in pages for event in page["events"]]
        lines = [json.loads(message) for message in messages if message.startswith("{")]
        if canonical(lines) and any("_aws" in line for line in lines):
            return lines
        assert time.monotonic() < deadline, f"no lines of request {request_id}"
        time.sleep(0.1)


def archived(service: Service, function: str, request_id: str) -> list[dict[str, Any]]:
    """The lines in the object that the request shipped."""
    s3 = service.client("s3")
    bucket = service.outputs["ArchiveBucketName"]
    pages = s3.get_paginator("list_objects_v2").paginate(
        Bucket=bucket, Prefix=f"logs/function={function}/"
    )
    keys = [entry["Key"] for page in pages for entry in page.get("Contents", [])]
    (key,) = [key for key in keys if key.endswith(f"-{request_id}.jsonl.gz")]
    body = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    return [json.loads(line) for line in gzip.decompress(body).splitlines()]


def canonical(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The canonical lines among ``lines``."""
    return [line for line in lines if line.get("message") == "request"]
