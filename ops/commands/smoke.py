"""``ops smoke``: checks a deployment by taking a job through its life, as a caller would."""

import contextlib
import json
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from http import HTTPStatus
from typing import Annotated, Any

import typer
import urllib3
from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console

from common.contract import JSON, MERGE_PATCH
from infra.spec.routes import ROUTES
from ops.access_token import NoAccessToken
from ops.deployment import NoDeployment, find_deployment
from ops.options import FAILED, USAGE, StageOption, fail
from ops.output import stdout_console
from ops.request_auth import RequestAuth, bearer_auth, no_auth, request_auth_for

CACHED_SECONDS = max(route.cache_ttl for route in ROUTES)
"""The greatest age of a cached answer to a GET."""

_TIMEOUT_SECONDS = 35.0
"""Longer than API Gateway's own timeout, so that API Gateway answers first."""

NEW_KEY_SECONDS = 60.0
"""The time that API Gateway may take to accept a new API key. Until then, it answers 403."""

_PAUSE_SECONDS = 0.5
_LONGEST_EXCERPT = 500


class UnexpectedAnswer(Exception):
    """The API did not answer as it should; the message describes the answer."""

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status
        """The status of the answer, if that is what is wrong."""


@dataclass(frozen=True)
class Answer:
    """An answer of the API."""

    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def body(self) -> dict[str, Any]:
        """The parsed body; empty if it is not a JSON object."""
        try:
            body = json.loads(self.text)
        except ValueError:
            return {}
        return body if isinstance(body, dict) else {}

    @property
    def excerpt(self) -> str:
        """The beginning of the body, with the command that shows more."""
        request_id = self.headers.get("X-Request-Id") or self.body.get("request_id")
        hint = f" `ops find {request_id}` shows more." if request_id else ""
        return f"{self.text[:_LONGEST_EXCERPT]}{hint}"


class Client:
    """A client of the API.

    Args:
        url: The API's base URL, without a trailing slash.
        key: The API key.
        authenticate: Adds the credentials that the API requires besides the key.
    """

    def __init__(self, url: str, key: str, authenticate: RequestAuth = no_auth) -> None:
        self._url = url
        self._key = key
        self._authenticate = authenticate
        self._connections = urllib3.PoolManager(retries=False, timeout=_TIMEOUT_SECONDS)

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
            UnexpectedAnswer: There is no answer, or its status is not ``expected``.
        """
        content_type = MERGE_PATCH if method == "PATCH" else JSON
        url = f"{self._url}{path}"
        text = None if body is None else json.dumps(body)
        all_headers = {"x-api-key": self._key, "Content-Type": content_type, **(headers or {})}
        try:
            response = self._connections.request(
                method, url, body=text, headers=self._authenticate(method, url, all_headers, text)
            )
        except urllib3.exceptions.HTTPError as error:
            raise UnexpectedAnswer(f"no answer: {error}") from error
        answer = Answer(response.status, response.headers, response.data.decode(errors="replace"))
        if answer.status != expected:
            raise UnexpectedAnswer(
                f"{answer.status} instead of {expected.value}: {answer.excerpt}", answer.status
            )
        return answer


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
    """Take a job through its life, step by step, until the end or the first failure.

    Deletes the job in any case.

    Args:
        send: The client that sends the requests.
        new_key_seconds: The time for which the API may answer 403 to the client's key.
    """
    life = _JobLife(send, new_key_seconds)
    try:
        for title, act in life.steps:
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


class _JobLife:
    def __init__(self, send: Client, new_key_seconds: float) -> None:
        self._send = send
        self._new_key_seconds = new_key_seconds
        self._pipeline = f"smoke-{uuid.uuid4().hex[:8]}"
        self._path = self._deleted_path = ""
        self._etag = ""
        self.steps: tuple[tuple[str, Callable[[], None]], ...] = (
            ("A call without a key is refused", self._call_without_key),
            ("A body that is not a job is refused", self._send_bad_body),
            ("A job is registered", self._create),
            ("It can be read", self._read),
            ("It is listed in its pipeline", self._list),
            ("A worker starts it", self._start),
            ("An outdated ETag is refused", self._send_outdated_etag),
            ("It succeeds", self._succeed),
            ("It does not start again", self._start_again),
            ("It can be deleted", self._delete),
            ("It is gone", self._read_deleted),
        )

    def _call_without_key(self) -> None:
        self._send("GET", "/jobs", HTTPStatus.FORBIDDEN, headers={"x-api-key": ""})

    def _send_bad_body(self) -> None:
        body = {"pipeline": self._pipeline}
        self._send_with_new_key("POST", "/jobs", HTTPStatus.BAD_REQUEST, body)

    def _create(self) -> None:
        body = {"pipeline": self._pipeline, "input_uri": "s3://smoke/test"}
        # A 403 changed nothing, so it is safe to try again. One success is not enough to rely on:
        # another host of API Gateway may not know the key yet.
        answer = self._send_with_new_key("POST", "/jobs", HTTPStatus.CREATED, body)
        _expect({"job_id", "status"} <= answer.body.keys() and "ETag" in answer.headers, answer)
        self._path = f"/jobs/{answer.body['job_id']}"
        self._etag = answer.headers["ETag"]

    def _read(self) -> None:
        answer = self._send("GET", self._path, HTTPStatus.OK)
        _expect(answer.body.get("pipeline") == self._pipeline, answer)

    def _list(self) -> None:
        def list_jobs() -> Answer:
            answer = self._send("GET", f"/jobs?pipeline={self._pipeline}", HTTPStatus.OK)
            paths = [f"/jobs/{item['job_id']}" for item in answer.body.get("items", ())]
            _expect(paths == [self._path], answer)
            return answer

        # DynamoDB updates an index shortly after the table.
        _retry(list_jobs)

    def _start(self) -> None:
        answer = self._send(
            "PATCH", self._path, HTTPStatus.OK, {"status": "RUNNING"}, {"If-Match": self._etag}
        )
        _expect(answer.body.get("status") == "RUNNING", answer)

    def _send_outdated_etag(self) -> None:
        self._send(
            "PATCH",
            self._path,
            HTTPStatus.PRECONDITION_FAILED,
            {"progress": 50},
            {"If-Match": self._etag},
        )

    def _succeed(self) -> None:
        body = {"status": "SUCCEEDED", "progress": 100, "output_uri": "s3://smoke/result"}
        answer = self._send("PUT", self._path, HTTPStatus.OK, body)
        _expect(answer.body.get("status") == "SUCCEEDED", answer)

    def _start_again(self) -> None:
        self._send("PATCH", self._path, HTTPStatus.CONFLICT, {"status": "RUNNING"})

    def _delete(self) -> None:
        self._send("DELETE", self._path, HTTPStatus.NO_CONTENT)
        self._path, self._deleted_path = "", self._path

    def _read_deleted(self) -> None:
        # The cache may still hold the job.
        _retry(lambda: self._send("GET", self._deleted_path, HTTPStatus.NOT_FOUND))

    def _send_with_new_key(
        self, method: str, path: str, expected: HTTPStatus, body: object
    ) -> Answer:
        return _retry(
            lambda: self._send(method, path, expected, body),
            seconds=self._new_key_seconds,
            only=HTTPStatus.FORBIDDEN,
        )

    def clean_up(self) -> None:
        """Delete the job if it still exists."""
        if self._path:
            # A running job must be cancelled first; a job that has ended cannot be.
            with contextlib.suppress(UnexpectedAnswer):
                self._send("PATCH", self._path, HTTPStatus.OK, {"status": "CANCELLED"})
            with contextlib.suppress(UnexpectedAnswer):
                self._send("DELETE", self._path, HTTPStatus.NO_CONTENT)


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
    """Check that a deployment works: take a job through its life, as a caller would."""
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
