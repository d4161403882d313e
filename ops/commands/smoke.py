"""``ops smoke``: does what callers do, once, and says whether the deployment works."""

import contextlib
import json
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated, Any

import typer
import urllib3
from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console

from common.contract import JSON, MERGE_PATCH
from infra.spec.routes import ROUTES
from ops import deployment, request_auth
from ops.commands.token import NoToken
from ops.options import FAILED, USAGE, StageName, fail
from ops.request_auth import Proof

CACHED_SECONDS = max(route.cache_ttl for route in ROUTES)
"""How old an answer to a GET may be."""

_TIMEOUT = 35.0
"""Longer than API Gateway waits, so that it is what answers."""
_PAUSE = 0.5
_SHOWN_LETTERS = 500


class Unexpected(Exception):
    """The API answered otherwise than it should; the message says how."""


@dataclass(frozen=True)
class Answer:
    """An answer of the API."""

    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def body(self) -> dict[str, Any]:
        """The body, parsed; empty if it is not a JSON object."""
        try:
            body = json.loads(self.text)
        except ValueError:
            return {}
        return body if isinstance(body, dict) else {}

    @property
    def shown(self) -> str:
        """It for people, with the way to learn more."""
        request_id = self.headers.get("X-Request-Id") or self.body.get("request_id")
        more = f" `ops find {request_id}` tells more." if request_id else ""
        return f"{self.text[:_SHOWN_LETTERS]}{more}"


class Client:
    """A caller of the API.

    Args:
        url: The API's base URL, without a slash at its end.
        key: The API key.
        prove: Proves who calls, where a key is not enough.
    """

    def __init__(self, url: str, key: str, prove: Proof = request_auth.nothing) -> None:
        self._url = url
        self._key = key
        self._prove = prove
        self._connections = urllib3.PoolManager(retries=False, timeout=_TIMEOUT)

    def __call__(
        self,
        method: str,
        path: str,
        expected: HTTPStatus,
        body: object = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send a request.

        Raises:
            Unexpected: There was no answer, or one of another status than ``expected``.
        """
        content_type = MERGE_PATCH if method == "PATCH" else JSON
        url = f"{self._url}{path}"
        text = None if body is None else json.dumps(body)
        sent = {"x-api-key": self._key, "Content-Type": content_type, **(headers or {})}
        try:
            response = self._connections.request(
                method, url, body=text, headers=self._prove(method, url, sent, text)
            )
        except urllib3.exceptions.HTTPError as error:
            raise Unexpected(f"no answer: {error}") from error
        answer = Answer(response.status, response.headers, response.data.decode(errors="replace"))
        if answer.status != expected:
            raise Unexpected(f"{answer.status} instead of {expected.value}: {answer.shown}")
        return answer


@dataclass(frozen=True)
class Step:
    """One thing that a caller does, and how it went.

    Attributes:
        title: What it is.
        milliseconds: How long it took.
        wrong: What was wrong; None if nothing was.
    """

    title: str
    milliseconds: float
    wrong: str | None = None


def check(call: Client) -> Iterator[Step]:
    """Go through the life of a job, step by step, until the first that fails.

    The job is deleted in the end, whatever happens.

    Args:
        call: The caller.
    """
    life = _Life(call)
    try:
        for title, act in life.steps:
            began = time.perf_counter()
            wrong = None
            try:
                act()
            except Unexpected as error:
                wrong = str(error)
            yield Step(title, (time.perf_counter() - began) * 1000, wrong)
            if wrong is not None:
                return
    finally:
        life.clean_up()


class _Life:
    def __init__(self, call: Client) -> None:
        self._call = call
        self._pipeline = f"smoke-{uuid.uuid4().hex[:8]}"
        self._path = self._deleted = ""
        self._tag = ""
        self.steps: tuple[tuple[str, Callable[[], None]], ...] = (
            ("A call without a key is refused", self._keyless),
            ("A body that is not a job is refused", self._bad_body),
            ("A job is registered", self._create),
            ("It can be read", self._read),
            ("It is listed in its pipeline", self._list),
            ("A worker starts it", self._start),
            ("An outdated ETag is refused", self._outdated),
            ("It succeeds", self._succeed),
            ("It does not start again", self._final),
            ("It can be deleted", self._delete),
            ("It is gone", self._gone),
        )

    def _keyless(self) -> None:
        self._call("GET", "/jobs", HTTPStatus.FORBIDDEN, headers={"x-api-key": ""})

    def _bad_body(self) -> None:
        self._call("POST", "/jobs", HTTPStatus.BAD_REQUEST, {"pipeline": self._pipeline})

    def _create(self) -> None:
        body = {"pipeline": self._pipeline, "input_uri": "s3://smoke/test"}
        answer = self._call("POST", "/jobs", HTTPStatus.CREATED, body)
        _expect({"job_id", "status"} <= answer.body.keys() and "ETag" in answer.headers, answer)
        self._path = f"/jobs/{answer.body['job_id']}"
        self._tag = answer.headers["ETag"]

    def _read(self) -> None:
        answer = self._call("GET", self._path, HTTPStatus.OK)
        _expect(answer.body.get("pipeline") == self._pipeline, answer)

    def _list(self) -> None:
        def listed() -> None:
            answer = self._call("GET", f"/jobs?pipeline={self._pipeline}", HTTPStatus.OK)
            paths = [f"/jobs/{item['job_id']}" for item in answer.body.get("items", ())]
            _expect(paths == [self._path], answer)

        # An index follows its table a moment later.
        _eventually(listed)

    def _start(self) -> None:
        answer = self._call(
            "PATCH", self._path, HTTPStatus.OK, {"status": "RUNNING"}, {"If-Match": self._tag}
        )
        _expect(answer.body.get("status") == "RUNNING", answer)

    def _outdated(self) -> None:
        self._call(
            "PATCH",
            self._path,
            HTTPStatus.PRECONDITION_FAILED,
            {"progress": 50},
            {"If-Match": self._tag},
        )

    def _succeed(self) -> None:
        body = {"status": "SUCCEEDED", "progress": 100, "output_uri": "s3://smoke/result"}
        answer = self._call("PUT", self._path, HTTPStatus.OK, body)
        _expect(answer.body.get("status") == "SUCCEEDED", answer)

    def _final(self) -> None:
        self._call("PATCH", self._path, HTTPStatus.CONFLICT, {"status": "RUNNING"})

    def _delete(self) -> None:
        self._call("DELETE", self._path, HTTPStatus.NO_CONTENT)
        self._path, self._deleted = "", self._path

    def _gone(self) -> None:
        # Until its time is up, the cache may tell of the job.
        _eventually(lambda: self._call("GET", self._deleted, HTTPStatus.NOT_FOUND))

    def clean_up(self) -> None:
        """Delete the job, unless that has happened."""
        if self._path:
            # A running job cannot be deleted; one that has ended cannot be cancelled.
            with contextlib.suppress(Unexpected):
                self._call("PATCH", self._path, HTTPStatus.OK, {"status": "CANCELLED"})
            with contextlib.suppress(Unexpected):
                self._call("DELETE", self._path, HTTPStatus.NO_CONTENT)


def _expect(holds: object, answer: Answer) -> None:
    if not holds:
        raise Unexpected(f"an answer that does not fit: {answer.shown}")


def _eventually(act: Callable[[], object]) -> None:
    deadline = time.monotonic() + 2 * CACHED_SECONDS
    while True:
        try:
            act()
        except Unexpected:
            if time.monotonic() > deadline:
                raise
            time.sleep(_PAUSE)
        else:
            return


def smoke(
    *,
    stage: StageName = None,
    url: Annotated[
        str | None, typer.Option(help="Any URL of the API instead; needs a key.")
    ] = None,
    key: Annotated[str | None, typer.Option(envvar="KEY", help="With --url, its API key.")] = None,
    access_token: Annotated[
        str | None,
        typer.Option("--token", envvar="TOKEN", help="With --url, if it wants an access token."),
    ] = None,
    raw: Annotated[bool, typer.Option("--json", help="The steps for machines.")] = False,
) -> None:
    """Check that a deployment works: go through the life of a job, as its callers would."""
    if url and not key:
        fail("A --url needs its API key, in the environment variable KEY or as --key.", USAGE)
    prove = request_auth.bearer(access_token) if access_token else request_auth.nothing
    try:
        if not url:
            found = deployment.find(stage)
            url, key, prove = found.api_url, found.api_key(), request_auth.of(found)
    except (deployment.NoTarget, NoToken, ClientError, BotoCoreError) as error:
        fail(str(error))
    out = Console(highlight=False, soft_wrap=True)
    if not raw:
        out.print(f"[bold]{url}[/]")
    steps = []
    for step in check(Client(url.rstrip("/"), key or "", prove)):
        steps.append(step)
        if not raw:
            _show(out, step)
    passed = all(step.wrong is None for step in steps)
    if raw:
        out.print_json(json.dumps({"url": url, "passed": passed, "steps": [*map(vars, steps)]}))
    elif passed:
        out.print("[bold green]It works.[/]")
    else:
        out.print("[bold red]It does not work.[/]")
    if not passed:
        raise typer.Exit(FAILED)


def _show(out: Console, step: Step) -> None:
    mark = "[green]✓[/]" if step.wrong is None else "[red]✗[/]"
    out.print(f"{mark} {step.title} [dim]{step.milliseconds:.0f} ms[/]")
    if step.wrong is not None:
        out.print(f"  {step.wrong}", style="red", markup=False)
