"""The SSM config loader."""

from datetime import timedelta

import pytest

from common.aws.clients import client
from common.aws.timeouts import PARAMETER_TTL
from common.crud import configuration
from common.crud.configuration import Configuration
from common.exceptions import ParameterMissing
from common.ssm_config_loader import READ_AGAIN_AFTER, SsmParameter
from infra.spec.service import SERVICE_NAME

NAME = f"/{SERVICE_NAME}/test/config"


class Clock:
    """A wall clock that the test sets."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("common.ssm_config_loader.time.time", clock)
    return clock


def _put(value: str) -> None:
    client("ssm").put_parameter(Name=NAME, Value=value, Type="String", Overwrite=True)


@pytest.mark.mission("Retrieves sensitive configuration from Parameter Store")
def test_a_value_is_read_once_and_cached() -> None:
    first = configuration.current()
    _put('{"retention_days": 99}')

    assert first == configuration.current() == Configuration(7, 3, 5)


def test_a_new_value_is_read_after_the_time_to_live(clock: Clock) -> None:
    configuration.current()
    _put('{"retention_days": 99}')
    clock.now += PARAMETER_TTL * 1.2

    assert configuration.retention() == timedelta(days=99)


def test_the_last_good_value_is_used_while_ssm_fails(clock: Clock) -> None:
    configuration.current()
    client("ssm").delete_parameter(Name=NAME)
    clock.now += PARAMETER_TTL * 1.2

    assert configuration.current() == Configuration(7, 3, 5)


def test_a_failed_read_is_repeated_soon_but_not_at_once(clock: Clock) -> None:
    client("ssm").delete_parameter(Name=NAME)
    assert configuration.current() == Configuration()
    _put('{"retention_days": 99}')

    assert configuration.current() == Configuration()
    clock.now += READ_AGAIN_AFTER
    assert configuration.current().retention_days == 99


def test_a_parameter_that_was_never_read_is_missing() -> None:
    parameter = SsmParameter(f"/{SERVICE_NAME}/test/unknown", str)

    with pytest.raises(ParameterMissing):
        parameter.get()
