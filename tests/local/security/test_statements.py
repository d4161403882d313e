"""Every statement of a role is necessary: without it, the deployed service fails."""

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

USED_BY_REQUESTS = ("Archive", "Indexes", "Parameters", "Table")
"""Without these, callers of the API get errors, or the archive lacks lines."""

USED_BY_LAMBDA = ("JoinVpc", "Logs")
"""Lambda needs these on AWS, but not in the emulator, so the test checks the role itself."""

UNUSED_LOCALLY = ("OnlyLambdaJoinsVpc", "Traces")
"""The emulator accepts traces from any role, and does not distinguish the code from Lambda itself.
tests/infra/compute/test_roles.py compares the whole roles."""

ARCHIVE_TIMEOUT_SECONDS = 4.0


class FunctionCheck:
    """Checks over HTTP that each function works, with its own jobs."""

    def __init__(self, service: Service, call: Caller, pipeline: str) -> None:
        self._service, self._call, self._pipeline = service, call, pipeline
        self._jobs = [self._post().body["job_id"] for _ in FUNCTIONS]
        self._checks: dict[Function, Callable[[str], HttpResponse | None]] = {
            "create": self._create,
            "read": self._read,
            "update": self._update,
            "delete": self._delete,
        }

    def works(self, function: Function) -> bool:
        """Return whether ``function`` works from its cold start on, including its logs."""
        # An execution environment keeps values in memory that its role may no longer read.
        self._service.client("lambda").update_function_configuration(
            FunctionName=self._service.outputs[f"{function.title()}Function"],
            # The same value: an update is enough to make the emulator start a new environment.
            Timeout=LAMBDA_TIMEOUT,
        )
        response = self._checks[function](self._jobs[FUNCTIONS.index(function)])
        return response is not None and self._is_archived(
            function, response.headers["X-Request-Id"]
        )

    def _post(self) -> HttpResponse:
        return self._call("POST", "/jobs", {"pipeline": self._pipeline, "input_uri": "s3://in/1"})

    def _create(self, _: str) -> HttpResponse | None:
        response = self._post()
        return response if response.status == 201 else None

    def _read(self, job: str) -> HttpResponse | None:
        response = self._call("GET", f"/jobs/{job}")
        page = self._call("GET", f"/jobs?pipeline={self._pipeline}&limit=1")
        works = (response.status, page.status) == (200, 200) and "next_cursor" in page.body
        return response if works else None

    def _update(self, job: str) -> HttpResponse | None:
        response = self._call("PATCH", f"/jobs/{job}", {"status": "CANCELLED"})
        if response.status != 200:
            return None
        retention = datetime.fromtimestamp(response.body["expires_at"], UTC) - datetime.now(UTC)
        configured = timedelta(days=STAGES[STAGE].retention_days)
        return response if abs(retention - configured) < timedelta(hours=1) else None

    def _delete(self, job: str) -> HttpResponse | None:
        response = self._call("DELETE", f"/jobs/{job}")
        return response if response.status == 204 else None

    def _is_archived(self, function: Function, request_id: str) -> bool:
        deadline = time.monotonic() + ARCHIVE_TIMEOUT_SECONDS
        while time.monotonic() < deadline:
            try:
                return bool(archived_lines(self._service, function, request_id))
            except AssertionError:
                time.sleep(0.1)
        return False


@pytest.fixture
def check(service: Service, call: Caller, pipeline: str) -> FunctionCheck:
    return FunctionCheck(service, call, pipeline)


def working(check: FunctionCheck, functions: list[Function]) -> list[Function]:
    """Return those of ``functions`` that work."""
    with ThreadPoolExecutor() as pool:
        return [f for f, w in zip(functions, pool.map(check.works, functions), strict=True) if w]


def test_the_lists_above_contain_every_statement(service: Service) -> None:
    sids = {sid for function in FUNCTIONS for sid in role_statements(service, function)}
    assert sids == {*USED_BY_REQUESTS, *USED_BY_LAMBDA, *UNUSED_LOCALLY}


def test_with_all_statements_every_function_works(check: FunctionCheck) -> None:
    assert working(check, [*FUNCTIONS]) == [*FUNCTIONS]


@pytest.mark.parametrize("sid", USED_BY_REQUESTS)
def test_without_a_statement_its_functions_fail(
    sid: str, check: FunctionCheck, service: Service
) -> None:
    functions = [function for function in FUNCTIONS if sid in role_statements(service, function)]
    with ExitStack() as changes:
        for function in functions:
            changes.enter_context(removed_statement(service, function, sid))
        assert functions
        assert working(check, functions) == []


@pytest.mark.parametrize("sid", USED_BY_LAMBDA)
@pytest.mark.parametrize("function", FUNCTIONS)
def test_without_a_statement_lambda_would_lack_its_actions(
    function: Function, sid: str, service: Service
) -> None:
    actions = role_statements(service, function)[sid]["Action"]
    own = [
        a for a in attempts(service, function) if a.action in actions and "another" not in a.target
    ]

    def allowed_actions() -> set[str]:
        names = {a.action.partition(":")[0] for a in own}
        clients = {name: service.client_of(function, name) for name in names}
        return {a.action for a in own if a.is_allowed(clients.__getitem__)}

    assert allowed_actions() == set(actions)
    with removed_statement(service, function, sid):
        assert allowed_actions() == set()
