"""Follow the logs of the functions and of the API in CloudWatch Logs."""

from collections import defaultdict
from collections.abc import Iterator
from operator import itemgetter

from local import aws
from local.run_folder import Endpoint

_Event = tuple[int, str, str]
"""Timestamp, log stream and message."""


class LogFollower:
    """Reads each line of the log groups once.

    Args:
        endpoint: The deployed service.
    """

    def __init__(self, endpoint: Endpoint) -> None:
        self._logs = aws.client("logs", endpoint.aws_endpoint_url)
        self._latest: defaultdict[str, set[_Event]] = defaultdict(set)
        self.follow(endpoint)

    def follow(self, endpoint: Endpoint) -> None:
        """Follow the log groups that the service has now."""
        self._groups = endpoint.log_groups

    def new_lines(self) -> list[str]:
        """Return the lines since the last call, oldest first."""
        events = [event for group in self._groups for event in self._new_events(group)]
        return [line for _, _, line in sorted(events, key=itemgetter(0))]

    def _new_events(self, group: str) -> Iterator[_Event]:
        latest = self._latest[group]
        # The emulator's events have no id, so the last millisecond is read again.
        since = max((time for time, _, _ in latest), default=0)
        pages = self._logs.get_paginator("filter_log_events").paginate(
            logGroupName=group, startTime=since
        )
        events = [
            (event["timestamp"], event["logStreamName"], event["message"])
            for page in pages
            for event in page["events"]
        ]
        self._latest[group] = set(events)
        return (event for event in events if event not in latest)
