"""Signed cursors, and the rotation of their key."""

import time

import pytest

from common.aws.clients import CALLS, client
from common.aws.timeouts import PARAMETER_TTL
from common.dynamodb import cursors
from common.exceptions import BadCursor
from common.ssm_config_loader import READ_AGAIN_AFTER, SsmParameter
from infra.custom_resources.makers.cursor_key import GRACE_SECONDS, SIGNS_AFTER_SECONDS, handler
from infra.spec.service import SERVICE_NAME
from tests.support.entities import ENTITY
from tests.unit.conftest import Api, Context

NAME = f"/{SERVICE_NAME}/test/cursor-key"
LONGEST_UNREAD = PARAMETER_TTL * 1.1


class Clock:
    """A wall clock that can skip time, as after a freeze; the monotonic clock does not skip."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._skipped = 0.0
        real = time.time
        monkeypatch.setattr(time, "time", lambda: real() + self._skipped)

    def skip(self, seconds: float) -> None:
        self._skipped += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


class Environment:
    """An execution environment of the read function, with its cached keys."""

    def __init__(self) -> None:
        self._parameter = SsmParameter(NAME, cursors.parse_keys)
        self._keys()

    def sign(self) -> str:
        return cursors.sign("after", {}, self._keys())

    def accepts(self, cursor: str) -> bool:
        try:
            return cursors.verify(cursor, {}, self._keys()) == "after"
        except BadCursor:
            return False

    def _keys(self) -> tuple[cursors.Key, ...]:
        # Every request begins like this.
        CALLS.begin()
        return self._parameter.get()


def rotate(*, revoke: bool = False) -> None:
    event = {"RequestType": "Rotate", "ParameterName": NAME, "Revoke": revoke}
    assert handler(event, _RotationContext())


class _RotationContext(Context):
    log_stream_name = "2030/01/01/[$LATEST]0123"


def test_a_new_key_signs_only_after_every_environment_has_read_it() -> None:
    assert SIGNS_AFTER_SECONDS > LONGEST_UNREAD + READ_AGAIN_AFTER


@pytest.mark.parametrize("steps", [1, 7, 60])
def test_all_environments_accept_each_others_cursors_during_a_rotation(
    steps: int, clock: Clock
) -> None:
    environments = []
    for _ in range(3):
        environments.append(Environment())
        clock.skip(PARAMETER_TTL / 3)
    rotate()
    environments.append(Environment())
    for _ in range(steps):
        issued = [environment.sign() for environment in environments]
        for environment in environments:
            assert all(environment.accepts(cursor) for cursor in issued)
        clock.skip(2 * SIGNS_AFTER_SECONDS / steps)


def test_a_running_environment_starts_to_sign_with_the_new_key(clock: Clock) -> None:
    environment = Environment()
    old_cursor = environment.sign()
    rotate()
    clock.skip(LONGEST_UNREAD)
    assert environment.sign() == old_cursor
    clock.skip(SIGNS_AFTER_SECONDS)
    assert environment.sign() != old_cursor


def test_an_old_cursor_is_valid_until_the_grace_period_ends(clock: Clock) -> None:
    environment = Environment()
    old_cursor = environment.sign()
    rotate()
    clock.skip(SIGNS_AFTER_SECONDS + GRACE_SECONDS - 60)
    assert environment.accepts(old_cursor)
    clock.skip(120)
    assert not environment.accepts(old_cursor)


def test_a_second_rotation_does_not_shorten_the_grace_period_of_the_first_key(clock: Clock) -> None:
    environment = Environment()
    old_cursor = environment.sign()
    rotate()
    clock.skip(60)
    rotate()
    clock.skip(SIGNS_AFTER_SECONDS + GRACE_SECONDS - 120)
    assert environment.accepts(old_cursor)


def test_a_revoked_key_ends_once_an_environment_has_read_the_new_one(clock: Clock) -> None:
    environment = Environment()
    old_cursor = environment.sign()
    rotate(revoke=True)
    assert not Environment().accepts(old_cursor)
    clock.skip(LONGEST_UNREAD)
    assert not environment.accepts(old_cursor)


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "[1]", '[{"secret": "x"}]', "null", "c2VjcmV0", '{"secret": "eA=="}']
)
def test_invalid_keys_are_not_used(text: str, api: Api) -> None:
    cursor = Environment().sign()
    client("ssm").put_parameter(Name=NAME, Value=text or " ", Overwrite=True)
    cursors._parameter.cache_clear()
    assert api("GET", ENTITY.path, query={"cursor": cursor}).status == 503
