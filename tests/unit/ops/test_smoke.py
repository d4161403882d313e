"""``ops smoke`` right after a first deployment, when API Gateway does not know the API key yet."""

import time
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import pytest
from typer.testing import CliRunner

from ops.__main__ import app
from ops.commands import smoke
from ops.commands.smoke import Answer, Client, Step, UnexpectedAnswer, check
from ops.options import FAILED


class NewStage(Client):
    """A stage that refuses its API key for some seconds; time passes only while smoke sleeps."""

    def __init__(self, seconds: float) -> None:
        self.now = 0.0
        self.requests: list[str] = []
        self._known_from = seconds

    def __call__(
        self, method: str, path: str, expected: HTTPStatus, *_body: Any, **_headers: Any
    ) -> Answer:
        self.requests.append(f"{method} {path}")
        if self.now < self._known_from and expected != HTTPStatus.FORBIDDEN:
            raise UnexpectedAnswer("403", HTTPStatus.FORBIDDEN)
        if expected == HTTPStatus.CREATED:
            raise UnexpectedAnswer("the end of this test", HTTPStatus.INTERNAL_SERVER_ERROR)
        return Answer(expected, {}, "")

    def sleep(self, seconds: float) -> None:
        self.now += seconds


Run = Callable[[NewStage], list[Step]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    """Return a function that runs the check on a stage and returns its steps."""

    def run_on(stage: NewStage) -> list[Step]:
        monkeypatch.setattr(time, "monotonic", lambda: stage.now)
        monkeypatch.setattr(time, "sleep", stage.sleep)
        return [*check(stage)]

    return run_on


def test_it_waits_a_minute_for_a_new_key(run: Run) -> None:
    steps = run(NewStage(seconds=45))
    assert [step.wrong for step in steps] == [None, None, "the end of this test"]


def test_a_key_that_stays_unknown_fails(run: Run) -> None:
    stage = NewStage(seconds=3600)
    assert [step.wrong for step in run(stage)] == [None, "403"]
    assert 60 <= stage.now < 62


def test_a_key_from_the_command_line_is_expected_to_work(monkeypatch: pytest.MonkeyPatch) -> None:
    stage = NewStage(seconds=3600)
    monkeypatch.setattr(time, "sleep", stage.sleep)
    monkeypatch.setattr(smoke, "Client", lambda *_: stage)
    arguments = ["smoke", "--url", "http://127.0.0.1", "--key", "wrong"]
    assert CliRunner().invoke(app, arguments).exit_code == FAILED
    assert stage.now < 1


def test_it_waits_for_no_other_failure(run: Run) -> None:
    stage = NewStage(seconds=0)
    run(stage)
    assert stage.requests == ["GET /jobs", "POST /jobs", "POST /jobs"]
    assert stage.now == 0
