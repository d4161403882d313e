"""``ops smoke``: checks a deployment by taking items through their lives, as a caller would."""

import contextlib
import json
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from http import HTTPStatus
from typing import Annotated, Any
from urllib.parse import urlencode

import typer
from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console

from common.crud.entity import Entity
from common.crud.examples import Change, examples_of, invalid_body, replacement_body
from common.entities import ENTITIES
from infra.spec.routes import ROUTES
from ops.access_token import NoAccessToken
from ops.api_client import Answer, Client, UnexpectedAnswer
from ops.deployment import NoDeployment, find_deployment
from ops.options import FAILED, USAGE, StageOption, fail
from ops.output import stdout_console
from ops.request_auth import bearer_auth, no_auth, request_auth_for

CACHED_SECONDS = max(route.cache_ttl for route in ROUTES)
"""The greatest age of a cached answer to a GET."""

NEW_KEY_SECONDS = 60.0
"""The time that API Gateway may take to accept a new API key. Until then, it answers 403."""

_PAUSE_SECONDS = 0.5


@dataclass(frozen=True)
class Step:
    """A completed step of the check."""

    title: str
    """The expectation that the step checks."""

    milliseconds: float
    """The time that the step took."""

    wrong: str | None = None
    """Why it failed; None if it passed."""


def check(send: Client, new_key_seconds: float = NEW_KEY_SECONDS) -> Iterator[Step]:
    """Take an item of each entity through its life, step by step, until the first failure.

    Deletes the items in any case, unless an entity has no status in which items may be deleted.

    Args:
        send: The client that sends the requests.
        new_key_seconds: The time for which the API may answer 403 to the client's key.
    """
    for entity in ENTITIES:
        life = _ItemLife(entity, send, new_key_seconds)
        try:
            for title, act in life.steps():
                start = time.perf_counter()
                wrong = None
                try:
                    act()
                except UnexpectedAnswer as error:
                    wrong = str(error)
                yield Step(title, (time.perf_counter() - start) * 1000, wrong)
                if wrong is not None:
                    return
        finally:
            life.clean_up()


class _ItemLife:
    """The life of one item, as the examples of its entity describe it."""

    def __init__(self, entity: Entity, send: Client, new_key_seconds: float) -> None:
        self._entity = entity
        self._examples = examples_of(entity)
        self._send = send
        self._new_key_seconds = new_key_seconds
        word = uuid.uuid4().hex
        self._body = self._examples.new(word)
        self._filters = [name for name in entity.filters if name in self._examples.unique(word)]
        self._item: Mapping[str, Any] = {}
        self._path = self._deleted_path = ""
        self._etags: list[str] = []
        self._statuses: list[str] = []

    def steps(self) -> Iterator[tuple[str, Callable[[], None]]]:
        """Yield each step: its title, and the function that takes it."""
        entity = self._entity
        yield f"Listing {entity.plural} without a key is refused", self._list_without_key
        yield f"A body that is not {entity.article} {entity.noun} is refused", self._send_bad_body
        yield f"The {entity.noun} is created", self._create
        yield f"The {entity.noun} can be read", self._read
        yield f"The {entity.noun} is listed", self._list
        status = self._examples.initial
        life = self._examples.life(ends=entity.deletable)
        for number, change in enumerate(life, start=1):
            method = "PUT" if number == len(life) else "PATCH"
            yield change.title, partial(self._change, method, change)
            status = change.target
            if number == 1:
                body = life[min(number, len(life) - 1)].body
                yield "An outdated ETag is refused", partial(self._send_outdated_etag, body)
        if refused := self._examples.refused(status):
            title = "A change that its status does not allow is refused"
            yield title, partial(self._send_refused_change, refused)
        if status in entity.deletable:
            yield f"The {entity.noun} is deleted", self._delete
            yield f"The {entity.noun} is gone", self._read_deleted

    def _list_without_key(self) -> None:
        self._send("GET", self._entity.path, HTTPStatus.FORBIDDEN, headers={"x-api-key": ""})

    def _send_bad_body(self) -> None:
        self._post(HTTPStatus.BAD_REQUEST, invalid_body(self._entity))

    def _create(self) -> None:
        answer = self._post(HTTPStatus.CREATED, self._body)
        _expect({self._entity.id_field, "status"} <= answer.body.keys(), answer)
        self._path = f"{self._entity.path}/{answer.body[self._entity.id_field]}"
        self._statuses.append(answer.body["status"])
        self._keep(answer)

    def _read(self) -> None:
        answer = self._send("GET", self._path, HTTPStatus.OK)
        _expect(answer.body == self._item, answer)

    def _list(self) -> None:
        # DynamoDB updates an index shortly after the table.
        _retry(self._list_by_filter if self._filters else self._list_by_status)

    def _list_by_filter(self) -> Answer:
        answer = self._get_page({name: self._item[name] for name in self._filters})
        _expect(self._listed_ids(answer) == [self._item[self._entity.id_field]], answer)
        return answer

    def _list_by_status(self) -> Answer:
        query = {"status": self._item["status"]}
        while True:
            answer = self._get_page(query)
            if self._item[self._entity.id_field] in self._listed_ids(answer):
                return answer
            # A busy deployment may have created more than a page of newer items.
            newer = [
                item.get("created_at", "") >= self._item["created_at"]
                for item in answer.body.get("items", ())
            ]
            _expect(all(newer) and "next_cursor" in answer.body, answer)
            query["cursor"] = answer.body["next_cursor"]

    def _get_page(self, query: Mapping[str, str]) -> Answer:
        return self._send("GET", f"{self._entity.path}?{urlencode(query)}", HTTPStatus.OK)

    def _listed_ids(self, answer: Answer) -> list[object]:
        return [item.get(self._entity.id_field) for item in answer.body.get("items", ())]

    def _change(self, method: str, change: Change) -> None:
        body = change.body
        if method == "PUT":
            body = replacement_body(self._entity, self._item, change)
        # If the answer gets lost, the item may have this status nevertheless.
        self._statuses.append(change.target)
        etag = {"If-Match": self._etags[-1]}
        answer = self._send(method, self._path, HTTPStatus.OK, body, etag)
        _expect(answer.body.get("status") == change.target, answer)
        self._keep(answer)

    def _keep(self, answer: Answer) -> None:
        etag = answer.headers.get("ETag")
        _expect(etag and etag not in self._etags, answer)
        self._etags.append(str(etag))
        self._item = answer.body

    def _send_outdated_etag(self, body: object) -> None:
        etag = {"If-Match": self._etags[-2]}
        self._send("PATCH", self._path, HTTPStatus.PRECONDITION_FAILED, body, etag)

    def _send_refused_change(self, change: Change) -> None:
        self._send("PATCH", self._path, HTTPStatus.CONFLICT, change.body)

    def _delete(self) -> None:
        self._send("DELETE", self._path, HTTPStatus.NO_CONTENT)
        self._path, self._deleted_path = "", self._path

    def _read_deleted(self) -> None:
        # The cache may still hold the item.
        _retry(lambda: self._send("GET", self._deleted_path, HTTPStatus.NOT_FOUND))

    def _post(self, expected: HTTPStatus, body: object) -> Answer:
        # A 403 changed nothing, so it is safe to try again. One success is not enough to rely on:
        # another host of API Gateway may not know the key yet.
        return _retry(
            lambda: self._send("POST", self._entity.path, expected, body),
            seconds=self._new_key_seconds,
            only=HTTPStatus.FORBIDDEN,
        )

    def clean_up(self) -> None:
        """Delete the item if it still exists, by way of a status in which it may be deleted."""
        while self._path and self._statuses:
            with contextlib.suppress(UnexpectedAnswer):
                for change in self._way_to_deletion(self._statuses.pop()):
                    self._send("PATCH", self._path, HTTPStatus.OK, change.body)
                self._delete()

    def _way_to_deletion(self, status: str) -> list[Change]:
        ways = []
        for target in self._entity.deletable:
            with contextlib.suppress(LookupError):
                ways.append(self._examples.path(target, status))
        return min(ways, key=len, default=[])


def _expect(condition: object, answer: Answer) -> None:
    if not condition:
        raise UnexpectedAnswer(f"unexpected content: {answer.excerpt}")


def _retry(
    act: Callable[[], Answer],
    *,
    seconds: float = 2 * CACHED_SECONDS,
    only: HTTPStatus | None = None,
) -> Answer:
    """Repeat a request until its answer is as expected, and return the answer.

    Args:
        act: Sends the request.
        seconds: The time after which it must succeed.
        only: The only status that is worth another attempt; None for any.

    Raises:
        UnexpectedAnswer: The last attempt failed.
    """
    deadline = time.monotonic() + seconds
    while True:
        try:
            return act()
        except UnexpectedAnswer as error:
            if time.monotonic() > deadline or only not in {None, error.status}:
                raise
            time.sleep(_PAUSE_SECONDS)


def command(
    *,
    stage: StageOption = None,
    url: Annotated[
        str | None, typer.Option(help="Check the API at this URL instead; requires --key.")
    ] = None,
    key: Annotated[str | None, typer.Option(envvar="KEY", help="API key for --url.")] = None,
    access_token: Annotated[
        str | None,
        typer.Option(
            "--token", envvar="TOKEN", help="Access token for --url, if the API requires one."
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the steps as JSON.")] = False,
) -> None:
    """Check that a deployment works: take items through their lives, as a caller would."""
    if url and not key:
        fail("--url requires an API key: set the environment variable KEY or use --key.", USAGE)
    authenticate = bearer_auth(access_token) if access_token else no_auth
    # A key from the command line may be wrong; the key of a deployment may be new.
    new_key_seconds = 0 if url else NEW_KEY_SECONDS
    try:
        if not url:
            deployment = find_deployment(stage)
            url, key = deployment.api_url, deployment.api_key()
            authenticate = request_auth_for(deployment)
    except (NoDeployment, NoAccessToken, ClientError, BotoCoreError) as error:
        fail(str(error))
    console = stdout_console(highlight=False)
    if not as_json:
        console.print(f"[bold]{url}[/]")
    steps = []
    for step in check(Client(url.rstrip("/"), key or "", authenticate), new_key_seconds):
        steps.append(step)
        if not as_json:
            _print_step(console, step)
    passed = all(step.wrong is None for step in steps)
    if as_json:
        report = {"url": url, "passed": passed, "steps": [*map(asdict, steps)]}
        console.print_json(json.dumps(report))
    elif passed:
        console.print("[bold green]It works.[/]")
    else:
        console.print("[bold red]It does not work.[/]")
    if not passed:
        raise typer.Exit(FAILED)


def _print_step(console: Console, step: Step) -> None:
    mark = "[green]✓[/]" if step.wrong is None else "[red]✗[/]"
    console.print(f"{mark} {step.title} [dim]{step.milliseconds:.0f} ms[/]")
    if step.wrong is not None:
        console.print(f"  {step.wrong}", style="red", markup=False)
