"""The functions' structured log, followed in CloudWatch Logs."""

from collections.abc import Iterator
from operator import itemgetter

from infra.spec.routes import FUNCTIONS
from local import aws
from local.run_folder import Endpoint

_Event = tuple[int, str, str]


class LogFollower:
    """Reads what the functions log, each line once.

    Args:
        endpoint: The deployed service.
    """

    def __init__(self, endpoint: Endpoint) -> None:
        self._logs = aws.client("logs", endpoint.aws_endpoint_url)
        self._groups = [endpoint.outputs[f"{function.title()}Logs"] for function in FUNCTIONS]
        self._seen: dict[str, set[_Event]] = {group: set() for group in self._groups}

    def new(self) -> list[str]:
        """The lines since the last call, oldest first."""
        events = [event for group in self._groups for event in self._new_in(group)]
        return [line for _, _, line in sorted(events, key=itemgetter(0))]

    def _new_in(self, group: str) -> Iterator[_Event]:
        seen = self._seen[group]
        # Events have no identity here, so those of the last millisecond are read once more.
        since = max((at for at, _, _ in seen), default=0)
        pages = self._logs.get_paginator("filter_log_events").paginate(
            logGroupName=group, startTime=since
        )
        events = [
            (event["timestamp"], event["logStreamName"], event["message"])
            for page in pages
            for event in page["events"]
        ]
        self._seen[group] = set(events)
        return (event for event in events if event not in seen)
