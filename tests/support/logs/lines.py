"""The lines that the functions have written about a request."""

import gzip
import json
import time
from collections.abc import Iterator
from typing import Any

from infra.spec.log_archive import PREFIX, prefix_of
from tests.support.deployment.service import Service

PATIENCE = 10.0

_MOST_EVENTS = 10_000


def logged(service: Service, function: str, request_id: str) -> list[dict[str, Any]]:
    """The lines in the function's log group, metrics too, once the canonical one is there."""
    deadline = time.monotonic() + PATIENCE
    while True:
        lines = _lines_of(service, f"{function.title()}Logs", request_id)
        if canonical(lines) and any("_aws" in line for line in lines):
            return lines
        assert time.monotonic() < deadline, f"no lines of request {request_id}"
        time.sleep(0.1)


def accessed(service: Service, request_id: str) -> list[dict[str, Any]]:
    """The request's lines in the access log of the API."""
    return _lines_of(service, "ApiAccessLogs", request_id)


def _lines_of(service: Service, output: str, request_id: str) -> list[dict[str, Any]]:
    pages = (
        service.client("logs")
        .get_paginator("filter_log_events")
        .paginate(logGroupName=service.outputs[output], filterPattern=f'"{request_id}"')
    )
    messages = [event["message"] for page in pages for event in page["events"]]
    return [json.loads(message) for message in messages if message.startswith("{")]


class Archive:
    """The archived objects of the service."""

    def __init__(self, service: Service) -> None:
        self._s3 = service.client("s3")
        self._bucket = service.outputs["ArchiveBucketName"]

    def keys_below(self, prefix: str) -> list[str]:
        """The keys of all objects below a prefix, in their order."""
        pages = self._s3.get_paginator("list_objects_v2").paginate(
            Bucket=self._bucket, Prefix=prefix
        )
        return [entry["Key"] for page in pages for entry in page.get("Contents", [])]

    def get(self, key: str) -> bytes:
        """An object, as it was shipped."""
        body: bytes = self._s3.get_object(Bucket=self._bucket, Key=key)["Body"].read()
        return body

    def lines(self, key: str) -> list[str]:
        """The lines in an object."""
        return gzip.decompress(self.get(key)).decode().removesuffix("\n").split("\n")


def archived(service: Service, function: str, request_id: str) -> list[dict[str, Any]]:
    """The request's lines in the object that shipped them, wherever that is."""
    archive = Archive(service)
    for key in reversed(archive.keys_below(prefix_of(function))):
        lines = [json.loads(line) for line in archive.lines(key)]
        if of_request := [line for line in lines if line.get("request_id") == request_id]:
            return of_request
    raise AssertionError(f"no archived lines of request {request_id}")


def events(service: Service, group: str) -> Iterator[str]:
    """Everything in a log group, metrics too; some of it more than once."""
    logs = service.client("logs")
    since = 0
    while True:
        # The emulator gives the oldest, and no token to go on with.
        page = logs.filter_log_events(logGroupName=group, startTime=since, limit=_MOST_EVENTS)
        yield from (event["message"] for event in page["events"])
        if len(page["events"]) < _MOST_EVENTS:
            return
        assert page["events"][-1]["timestamp"] > since, "too many events in one millisecond"
        since = page["events"][-1]["timestamp"]


def everything(service: Service) -> Iterator[str]:
    """Every line of the service: in all its log groups, and in the archive."""
    for page in service.client("logs").get_paginator("describe_log_groups").paginate():
        for group in page["logGroups"]:
            yield from events(service, group["logGroupName"])
    archive = Archive(service)
    for key in archive.keys_below(PREFIX):
        yield from archive.lines(key)


def canonical(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The canonical lines among ``lines``."""
    return [line for line in lines if line.get("message") == "request"]
