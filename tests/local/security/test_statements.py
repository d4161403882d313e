"""No statement of a role is idle: without it, the deployed service fails."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta

import pytest

from common.aws.timeouts import LAMBDA_TIMEOUT
from infra.spec.routes import FUNCTIONS, Function
from infra.spec.stages import STAGES
from local.deploy import STAGE
from tests.support.deployment.permission_attempts import attempts
from tests.support.deployment.role_policies import removed_statement, role_statements
from tests.support.deployment.service import Service
from tests.support.http.caller import Caller
from tests.support.http.response import HttpResponse
from tests.support.logs.log_archive import archived_lines

BY_CALLERS = ("Archive", "Indexes", "Parameters", "Table")
"""Missed by whoever calls the API, or looks into the archive."""

BY_LAMBDA = ("JoinVpc", "Logs")
"""Missed by Lambda on AWS; the embedded one does without, so the role itself is tried."""

BY_NOBODY = ("OnlyLambdaJoinsVpc", "Traces")
"""The embedded AWS neither asks for a role where it takes segments of traces, nor tells code apart
from Lambda itself; the whole roles are compared in tests/infra/compute/test_roles.py."""

PATIENCE = 4.0


class Round:
    """What each function does, over HTTP, with jobs of its own."""

    def __init__(self, service: Service, call: Caller, pipeline: str) -> None:
        self._service, self._call, self._pipeline = service, call, pipeline
        self._jobs = [self._post().body["job_id"] for _ in FUNCTIONS]
        self._works: dict[Function, Callable[[str], HttpResponse | None]] = {
            "create": self._create,
            "read": self._read,
            "update": self._update,
            "delete": self._delete,
        }

    def works(self, function: Function) -> bool:
        """Whether ``function`` does all that it should, from its cold start on."""
        # What an execution environment has in its memory would hide what it may no longer get.
        self._service.client("lambda").update_function_configuration(
            FunctionName=self._service.outputs[f"{function.title()}Function"],
            # As it is; only such a change makes the embedded AWS start anew.
            Timeout=LAMBDA_TIMEOUT,
        )
        first = self._works[function](self._jobs[FUNCTIONS.index(function)])
        return first is not None and self._is_archived(function, first.headers["X-Request-Id"])

    def _post(self) -> HttpResponse:
        return self._call("POST", "/jobs", {"pipeline": self._pipeline, "input_uri": "s3://in/1"})

    def _create(self, _: str) -> HttpResponse | None:
        answer = self._post()
        return answer if answer.status == 201 else None

    def _read(self, job: str) -> HttpResponse | None:
        answer = self._call("GET", f"/jobs/{job}")
        page = self._call("GET", f"/jobs?pipeline={self._pipeline}&limit=1")
        good = (answer.status, page.status) == (200, 200) and "next_cursor" in page.body
        return answer if good else None

    def _update(self, job: str) -> HttpResponse | None:
        answer = self._call("PATCH", f"/jobs/{job}", {"status": "CANCELLED"})
        if answer.status != 200:
            return None
        kept = datetime.fromtimestamp(answer.body["expires_at"], UTC) - datetime.now(UTC)
        as_configured = timedelta(days=STAGES[STAGE].job_retention_days)
        return answer if abs(kept - as_configured) < timedelta(hours=1) else None

    def _delete(self, job: str) -> HttpResponse | None:
        answer = self._call("DELETE", f"/jobs/{job}")
        return answer if answer.status == 204 else None

    def _is_archived(self, function: Function, request_id: str) -> bool:
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            try:
                return bool(archived_lines(self._service, function, request_id))
            except AssertionError:
                time.sleep(0.1)
        return False


@pytest.fixture
def round_(service: Service, call: Caller, pipeline: str) -> Round:
    return Round(service, call, pipeline)


def working(round_: Round, functions: list[Function]) -> list[Function]:
    with ThreadPoolExecutor() as pool:
        return [f for f, w in zip(functions, pool.map(round_.works, functions), strict=True) if w]


def test_who_misses_a_statement_is_known_for_each(service: Service) -> None:
    sids = {sid for function in FUNCTIONS for sid in role_statements(service, function)}
    assert sids == {*BY_CALLERS, *BY_LAMBDA, *BY_NOBODY}


def test_with_all_statements_everything_works(round_: Round) -> None:
    assert working(round_, [*FUNCTIONS]) == [*FUNCTIONS]


@pytest.mark.parametrize("sid", BY_CALLERS)
def test_without_a_statement_callers_miss_something(
    sid: str, round_: Round, service: Service
) -> None:
    having = [function for function in FUNCTIONS if sid in role_statements(service, function)]
    with ExitStack() as changed:
        for function in having:
            changed.enter_context(removed_statement(service, function, sid))
        assert having
        assert working(round_, having) == []


@pytest.mark.parametrize("sid", BY_LAMBDA)
@pytest.mark.parametrize("function", FUNCTIONS)
def test_without_a_statement_lambda_would_miss_something(
    function: Function, sid: str, service: Service
) -> None:
    actions = role_statements(service, function)[sid]["Action"]
    own = [
        a for a in attempts(service, function) if a.action in actions and "another" not in a.target
    ]

    def allowed() -> set[str]:
        client_of = {a.action.partition(":")[0]: None for a in own}
        clients = {name: service.client_of(function, name) for name in client_of}
        return {a.action for a in own if a.is_allowed(clients.__getitem__)}

    assert allowed() == set(actions)
    with removed_statement(service, function, sid):
        assert allowed() == set()
