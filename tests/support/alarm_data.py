"""Metrics on both sides of each alarm's threshold, as close to it as they can be."""

from collections.abc import Mapping
from typing import NamedTuple

from common.aws.timeouts import LAMBDA_TIMEOUT
from infra.spec.routes import FUNCTIONS
from infra.spec.stages import Stage

Data = Mapping[str, Mapping[float, int]]
"""By metric, how often which value occurs in a period. Metrics left out have no data at all."""


class Sides(NamedTuple):
    """What raises an alarm, and what does not quite."""

    beyond: Data
    within: Data


def sides(stage: Stage) -> dict[str, Sides]:
    """The data for each alarm of a stage, by the alarm's name without the stage's prefix."""
    errors, slow = stage.error_rate_percent, stage.latency_p99_ms
    longest = 0.8 * 1_000 * LAMBDA_TIMEOUT
    failed = stage.failed_jobs_percent
    found = {
        "ApiFailures": Sides(
            {"5XXError": _share(errors + 1)},
            {"5XXError": _share(errors)},
        ),
        "ApiLatency": Sides({"Latency": {slow + 1: 100}}, {"Latency": {slow: 100}}),
        "TableThrottles": Sides({"ThrottledRequests": {1: 1}}, {"ThrottledRequests": {0: 1}}),
        "TableFailures": Sides({"SystemErrors": {1: 1}}, {"SystemErrors": {0: 1}}),
        "FailedJobs": Sides(
            {"JobsFailed": {1: int(failed) + 1}, "JobsCancelled": {1: 99 - int(failed)}},
            {
                "JobsFailed": {1: int(failed)},
                "JobsSucceeded": {1: 99 - int(failed)},
                "JobsCancelled": {1: 1},
            },
        ),
        "ArchiveFailures": Sides({"ArchiveFailures": {1: 1}}, {"ArchiveFailures": {0: 1}}),
        "ArchiveLoss": Sides({"ArchiveDroppedLines": {1: 1}}, {"ArchiveDroppedLines": {0: 1}}),
    }
    for name in map(str.capitalize, FUNCTIONS):
        found |= {
            f"{name}Failures": Sides(
                {"Invocations": {1: 100}, "Faults": {1: int(errors)}, "Errors": {1: 1}},
                {"Invocations": {1: 100}, "Faults": {1: int(errors)}},
            ),
            f"{name}Throttles": Sides({"Throttles": {1: 1}}, {"Throttles": {0: 1}}),
            f"{name}Duration": Sides(
                {"Duration": {longest + 1: 100}}, {"Duration": {longest: 100}}
            ),
        }
    return found


def _share(percent: float) -> dict[float, int]:
    return {1: int(percent), 0: 100 - int(percent)}
