"""The rotation of the key that signs cursors, as those who list jobs see it."""

import time
from typing import Any

import pytest

from common.aws.clients import CALLS, client
from common.aws.timeouts import PARAMETER_TTL
from common.dynamodb import cursors
from common.exceptions import BadCursor
from common.ssm_config_loader import READ_AGAIN_AFTER, SsmParameter
from infra.custom_resources.makers.cursor_key import GRACE_SECONDS, SIGNS_AFTER_SECONDS, handler
from tests.unit.conftest import Api, Context

NAME = "/job-ledger/test/cursor-key"
LONGEST_UNREAD = PARAMETER_TTL * 1.1


@pytest.fixture(autouse=True)
def aws_is_empty(aws: None) -> None:
    """The key is that of the tests until it is rotated."""


class Clock:
    """Time that goes on, and jumps when the test says so, as after a freeze: the monotonic
    clock knows nothing of it.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._ahead = 0.0
        real = time.time
        monkeypatch.setattr(time, "time", lambda: real() + self._ahead)

    def skip(self, seconds: float) -> None:
        self._ahead += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


class Environment:
    """An execution environment of the read function, with what it has cached."""

    def __init__(self) -> None:
        self._parameter = SsmParameter(NAME, cursors.parse_keys)
        self._keys()

    def sign(self) -> str:
        return cursors.sign("after", {}, self._keys())

    def takes(self, given: str) -> bool:
        try:
            return cursors.verify(given, {}, self._keys()) == "after"
        except BadCursor:
            return False

    def _keys(self) -> tuple[cursors.Key, ...]:
        # As at the beginning of every request.
        CALLS.begin()
        return self._parameter.get()


def rotate(*, revoke: bool = False) -> dict[str, Any]:
    event = {"RequestType": "Rotate", "ParameterName": NAME, "Revoke": revoke}
    done = handler(event, _MakersContext())
    assert done
    return done


class _MakersContext(Context):
    log_stream_name = "2030/01/01/[$LATEST]0123"


def test_a_key_signs_only_when_every_environment_has_read_it() -> None:
    assert SIGNS_AFTER_SECONDS > LONGEST_UNREAD + READ_AGAIN_AFTER


@pytest.mark.parametrize("steps", [1, 7, 60])
def test_no_environment_refuses_anothers_cursor_around_a_rotation(steps: int, clock: Clock) -> None:
    environments = []
    for _ in range(3):
        environments.append(Environment())
        clock.skip(PARAMETER_TTL / 3)
    rotate()
    environments.append(Environment())
    for _ in range(steps):
        given = [environment.sign() for environment in environments]
        for environment in environments:
            assert all(environment.takes(each) for each in given)
        clock.skip(2 * SIGNS_AFTER_SECONDS / steps)


def test_a_running_environment_picks_the_new_key_up_and_signs_with_it(clock: Clock) -> None:
    running = Environment()
    before = running.sign()
    rotate()
    clock.skip(LONGEST_UNREAD)
    assert running.sign() == before
    clock.skip(SIGNS_AFTER_SECONDS)
    assert running.sign() != before


def test_an_old_cursor_is_good_for_the_grace_period_and_no_longer(clock: Clock) -> None:
    running = Environment()
    before = running.sign()
    rotate()
    clock.skip(SIGNS_AFTER_SECONDS + GRACE_SECONDS - 60)
    assert running.takes(before)
    clock.skip(120)
    assert not running.takes(before)


def test_two_rotations_in_a_row_do_not_shorten_the_grace_of_the_first_key(clock: Clock) -> None:
    running = Environment()
    before = running.sign()
    rotate()
    clock.skip(60)
    rotate()
    clock.skip(SIGNS_AFTER_SECONDS + GRACE_SECONDS - 120)
    assert running.takes(before)


def test_a_revoked_key_ends_where_the_new_one_is_known(clock: Clock) -> None:
    running = Environment()
    before = running.sign()
    rotate(revoke=True)
    assert not Environment().takes(before)
    clock.skip(LONGEST_UNREAD)
    assert not running.takes(before)


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "[1]", '[{"secret": "x"}]', "null", "c2VjcmV0", '{"secret": "eA=="}']
)
def test_keys_that_make_no_sense_are_not_used(text: str, api: Api) -> None:
    given = Environment().sign()
    client("ssm").put_parameter(Name=NAME, Value=text or " ", Overwrite=True)
    cursors._parameter.cache_clear()
    answer = api("GET", "/jobs", query={"cursor": given})
    assert answer.status == 503
