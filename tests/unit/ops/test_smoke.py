"""``ops smoke``: the lives of items, and a first deployment that does not know its API key yet."""

import time
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from typer.testing import CliRunner

from common.aws.clients import client
from common.crud.examples import examples_of
from common.entities import ENTITIES
from ops.__main__ import app
from ops.api_client import Answer, Client, UnexpectedAnswer
from ops.commands import smoke
from ops.commands.smoke import Step, check
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
    path = ENTITIES[0].path
    assert stage.requests == [f"GET {path}", f"POST {path}", f"POST {path}"]
    assert stage.now == 0


class FunctionsClient(Client):
    """Sends each request to its function; may lose the answer to one of them."""

    def __init__(self, api: Any, lost: int | None = None) -> None:
        self.requests: list[str] = []
        self._api = api
        self._lost = lost

    def __call__(
        self,
        method: str,
        path: str,
        expected: HTTPStatus,
        body: object = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        if expected == HTTPStatus.FORBIDDEN:
            return Answer(expected, {}, "")
        self.requests.append(method)
        url = urlsplit(path)
        response = self._api(
            method, url.path, body, headers=headers, query=dict(parse_qsl(url.query))
        )
        if len(self.requests) == self._lost:
            raise UnexpectedAnswer("no answer")
        if response.status != expected:
            raise UnexpectedAnswer(f"{response.status} instead of {expected}")
        return Answer(response.status, response.headers, response.text)


def items_left() -> int:
    # A deleted item leaves a tombstone, without a status.
    return sum(
        "status" in item
        for entity in ENTITIES
        for item in client("dynamodb").scan(TableName=entity.collection)["Items"]
    )


def test_an_item_of_each_entity_goes_through_its_life(api: Any) -> None:
    steps = [*check(FunctionsClient(api))]
    assert {step.wrong for step in steps} == {None}
    titles = [step.title for step in steps]
    for entity in ENTITIES:
        assert f"The {entity.noun} is created" in titles
        for change in examples_of(entity).life(ends=entity.deletable):
            assert change.title in titles
    assert items_left() == 0


def test_an_item_is_deleted_whichever_step_fails(api: Any) -> None:
    complete = FunctionsClient(api)
    assert all(step.wrong is None for step in check(complete))
    created = complete.requests.index("POST", 1) + 1
    for lost in range(created + 1, complete.requests.index("DELETE") + 1):
        wrong = [step.wrong for step in check(FunctionsClient(api, lost)) if step.wrong]
        # A list may be late, so it is tried again.
        assert wrong == ["no answer"] or lost == created + 2
        assert items_left() == 0, lost
