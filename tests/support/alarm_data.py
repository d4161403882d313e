"""Metric values just beyond and just within each alarm's threshold."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from common.aws.timeouts import LAMBDA_TIMEOUT
from common.crud.entity import Entity, event_of
from common.entities import ENTITIES
from infra.spec.routes import FUNCTIONS
from infra.spec.stages import Stage

MetricValues = Mapping[str, Mapping[float, int]]
"""By metric: how often each value occurs in a period. A metric that is left out has no data."""


class AlarmData(NamedTuple):
    """The metric values on both sides of an alarm's threshold."""

    beyond: MetricValues
    """Values that raise the alarm."""

    within: MetricValues
    """The highest values that do not raise the alarm."""


def data_by_alarm(stage: Stage) -> dict[str, AlarmData]:
    """Return the data for each alarm of a stage, by the alarm's name without the stage's prefix."""
    errors, slow = stage.error_rate_percent, stage.latency_p99_ms
    longest = 0.8 * 1_000 * LAMBDA_TIMEOUT
    data = {
        "ApiFailures": AlarmData(
            {"5XXError": _share(errors + 1)},
            {"5XXError": _share(errors)},
        ),
        "ApiLatency": AlarmData({"Latency": {slow + 1: 100}}, {"Latency": {slow: 100}}),
        "DependencyFailures": AlarmData(
            {"Invocations": {1: 100}, "DependencyFailures": {1: int(errors) + 1}},
            {"Invocations": {1: 100}, "DependencyFailures": {1: int(errors)}},
        ),
        **{name: data for entity in ENTITIES for name, data in _entity_data(stage, entity)},
        "ArchiveFailures": AlarmData({"ArchiveFailures": {1: 1}}, {"ArchiveFailures": {0: 1}}),
        "ArchiveLoss": AlarmData({"ArchiveDroppedLines": {1: 1}}, {"ArchiveDroppedLines": {0: 1}}),
    }
    for name in map(str.capitalize, FUNCTIONS):
        data |= {
            f"{name}Failures": AlarmData(
                {"Invocations": {1: 100}, "Faults": {1: int(errors)}, "Errors": {1: 1}},
                {"Invocations": {1: 100}, "Faults": {1: int(errors)}},
            ),
            f"{name}Throttles": AlarmData({"Throttles": {1: 1}}, {"Throttles": {0: 1}}),
            f"{name}Duration": AlarmData(
                {"Duration": {longest + 1: 100}}, {"Duration": {longest: 100}}
            ),
        }
    return data


def _entity_data(stage: Stage, entity: Entity) -> Iterator[tuple[str, AlarmData]]:
    name = entity.plural_type_name
    throttles, failures = "ThrottledRequests", "SystemErrors"
    yield f"{name}TableThrottles", AlarmData({throttles: {1: 1}}, {throttles: {0: 1}})
    yield f"{name}TableFailures", AlarmData({failures: {1: 1}}, {failures: {0: 1}})
    if entity.failures:
        failed = int(stage.failed_percent)
        failure = entity.metric(event_of(min(entity.failures)))
        first, *others = (
            entity.metric(event_of(status)) for status in sorted(entity.ended - entity.failures)
        )
        yield (
            f"Failed{name}",
            AlarmData(
                {failure: {1: failed + 1}, first: {1: 99 - failed}},
                {
                    failure: {1: failed},
                    first: {1: 100 - failed - len(others)},
                    **{other: {1: 1} for other in others},
                },
            ),
        )


def _share(percent: float) -> dict[float, int]:
    return {1: int(percent), 0: 100 - int(percent)}
