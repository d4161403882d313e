"""The log lines in the service's CloudWatch log groups."""

import json
from collections.abc import Iterator
from typing import Any

from infra.spec.output_names import API_ACCESS_LOGS, function_logs
from tests.support.deployment.service import Service
from tests.support.waiting import wait_until

_MAX_EVENTS = 10_000


def logged_lines(service: Service, function: str, request_id: str) -> list[dict[str, Any]]:
    """Return a request's lines from its function's log group, including metrics.

    Raises:
        AssertionError: The canonical line or the metrics do not arrive.
    """
    lines: list[dict[str, Any]] = []

    def arrived() -> bool:
        lines[:] = _request_lines(service, function_logs(function), request_id)
        return bool(canonical_lines(lines)) and any("_aws" in line for line in lines)

    wait_until(arrived)
    return lines


def canonical_lines(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the canonical lines among ``lines``: a function logs one per request."""
    return [line for line in lines if line.get("message") == "request"]


def access_log_lines(service: Service, request_id: str) -> list[dict[str, Any]]:
    """Return a request's lines from the API's access log."""
    return _request_lines(service, API_ACCESS_LOGS, request_id)


def _request_lines(service: Service, output: str, request_id: str) -> list[dict[str, Any]]:
    pages = (
        service.client("logs")
        .get_paginator("filter_log_events")
        .paginate(logGroupName=service.outputs[output], filterPattern=f'"{request_id}"')
    )
    messages = [event["message"] for page in pages for event in page["events"]]
    return [json.loads(message) for message in messages if message.startswith("{")]


def log_group_messages(service: Service, group: str) -> Iterator[str]:
    """Yield every message in a log group, including metrics; some messages appear twice."""
    logs = service.client("logs")
    start = 0
    while True:
        # The emulator returns the oldest events and no token for the next page.
        page = logs.filter_log_events(logGroupName=group, startTime=start, limit=_MAX_EVENTS)
        yield from (event["message"] for event in page["events"])
        if len(page["events"]) < _MAX_EVENTS:
            return
        assert page["events"][-1]["timestamp"] > start, "too many events in one millisecond"
        start = page["events"][-1]["timestamp"]
