"""A service in the background with other settings than the defaults: a stage and a debugger."""

import ast
import threading
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

import pytest

from infra.spec.paths import FUNCTION_SOURCES
from infra.spec.stages import STAGES
from local import aws
from local.emulator import process
from local.run_folder import Endpoint, RunFolder
from tests.support.debug_adapter import DebugAdapter
from tests.support.deployment.command_line import LocalCommand
from tests.support.entities import ENTITY

pytestmark = [
    pytest.mark.nightly,
    pytest.mark.skipif(not Path("/proc").exists(), reason="finds processes in /proc"),
]

HANDLER = FUNCTION_SOURCES / "read" / "handler.py"


@dataclass(frozen=True)
class GivenRun:
    """A service with given settings."""

    run_folder: RunFolder
    port: int
    debugger_port: int

    @property
    def endpoint(self) -> Endpoint:
        endpoint = self.run_folder.read_endpoint()
        assert endpoint
        return endpoint

    def list_status(self) -> int:
        """Return the status of the answer to a request for a list."""
        request = urllib.request.Request(
            f"{self.endpoint.api_url}{ENTITY.path}?limit=1",
            headers={"x-api-key": self.endpoint.api_key},
        )
        with urllib.request.urlopen(request) as response:
            status: int = response.status
            return status


@pytest.fixture(scope="module")
def given(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GivenRun]:
    run_folder = RunFolder(tmp_path_factory.mktemp("run"))
    given = GivenRun(run_folder, process.free_port(), process.free_port())
    settings = {
        "STAGE": "prod",
        "AUTHORIZATION": "api-key",
        "DEBUG": f"read:{given.debugger_port}",
    }
    up = LocalCommand(run_folder, "up", given.port, settings=settings)
    try:
        assert up.wait() == 0, up.output
        yield given
    finally:
        LocalCommand(run_folder, "down").wait()


def test_the_template_of_the_given_stage_is_deployed(given: GivenRun) -> None:
    url = given.endpoint.aws_endpoint_url
    assert url.endswith(f":{given.port}")
    stacks = aws.client("cloudformation", url).list_stacks(StackStatusFilter=["CREATE_COMPLETE"])
    names = {stack["StackName"] for stack in stacks["StackSummaries"]}
    assert names == {"CDKToolkit", STAGES["prod"].stack}
    assert given.endpoint.outputs["Stage"] == "prod"
    assert given.endpoint.outputs["Authorization"] == "api-key"
    assert given.list_status() == HTTPStatus.OK


def test_a_second_deployment_keeps_the_settings_and_deploys_nothing_if_nothing_changed(
    given: GivenRun,
) -> None:
    before = given.endpoint
    up = LocalCommand(given.run_folder, "up")
    assert up.wait() == 0, up.output
    assert "Deploying" not in up.output
    assert "Updating" not in up.output
    assert before.api_url in up.output
    assert given.endpoint == before


def line_of_list() -> int:
    """Return the line of the first statement, after the docstring, that a list runs."""
    functions = ast.parse(HANDLER.read_text()).body
    (function,) = (
        node for node in functions if isinstance(node, ast.FunctionDef) and node.name == "read_many"
    )
    return function.body[1].lineno


def stop_at_breakpoint(given: GivenRun) -> None:
    statuses: list[int] = []
    request = threading.Thread(target=lambda: statuses.append(given.list_status()))
    with DebugAdapter(given.debugger_port, HANDLER, line_of_list()) as debugger:
        request.start()
        frame = debugger.wait_until_stopped()
        assert (frame["source"]["path"], frame["line"]) == (str(HANDLER), line_of_list())
        assert statuses == []
        debugger.resume()
        request.join()
    assert statuses == [HTTPStatus.OK]


def test_a_request_stops_at_a_breakpoint_in_the_sources(given: GivenRun) -> None:
    # Without a debugger, requests are answered. The process that has answered them connects.
    assert given.list_status() == HTTPStatus.OK
    stop_at_breakpoint(given)
    assert given.list_status() == HTTPStatus.OK
    stop_at_breakpoint(given)
