"""The commands of the local run: their output, and the processes and files that they leave."""

import contextlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.console import Console

from infra.spec.paths import PROJECT
from infra.spec.service import SERVICE_NAME, SERVICE_TITLE
from local import aws
from local.deploy import STACK, CdkDeployment
from local.emulator import process
from local.errors import LocalRunError
from local.examples import curl_examples
from local.progress import Progress
from local.reference import server as reference
from local.run_folder import Endpoint, RunFolder
from tests.support.deployment.command_line import LocalCommand, run_folder_processes
from tests.support.deployment.project_copy import copy_project
from tests.support.entities import ENTITY
from tests.support.waiting import wait_until

pytestmark = pytest.mark.skipif(not Path("/proc").exists(), reason="finds processes in /proc")


@pytest.fixture
def run_folder(tmp_path: Path) -> Iterator[RunFolder]:
    run_folder = RunFolder(tmp_path / "run")
    yield run_folder
    LocalCommand(run_folder, "down", process.free_port()).wait()


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[RunFolder, LocalCommand]]:
    """A run in the foreground, which follows the log."""
    run_folder = RunFolder(tmp_path_factory.mktemp("run"))
    command = LocalCommand(run_folder, "run", process.free_port())
    try:
        command.wait_for("Ctrl-C")
        yield run_folder, command
    finally:
        command.signal(signal.SIGTERM)
        command.wait()


def read_endpoint(run_folder: RunFolder) -> Endpoint:
    endpoint = run_folder.read_endpoint()
    assert endpoint
    return endpoint


@pytest.mark.skipif(shutil.which("curl") is None, reason="the examples are for curl")
def test_the_printed_examples_work(
    run: tuple[RunFolder, LocalCommand],
) -> None:
    run_folder, command = run
    printed = [example.command for example in curl_examples(read_endpoint(run_folder))]
    assert set(printed) <= set(command.output.splitlines())
    answers = subprocess.run(
        ["sh"], input="\n".join(printed), capture_output=True, text=True, check=True
    ).stdout
    statuses = [
        example.status for example in curl_examples(read_endpoint(run_folder)) if example.status
    ]
    assert [int(status) for status in re.findall(r"HTTP/1\.1 (\d+)", answers)] == statuses


def test_the_log_of_a_request_is_shown_in_a_readable_form(
    run: tuple[RunFolder, LocalCommand],
) -> None:
    run_folder, command = run
    endpoint = read_endpoint(run_folder)
    url = f"{endpoint.api_url}{ENTITY.path}?limit=1"
    request = urllib.request.Request(url, headers={"x-api-key": endpoint.api_key})
    with urllib.request.urlopen(request) as response:
        request_id = response.headers["X-Request-Id"]
    command.wait_for(request_id)
    line = next(line for line in command.output.splitlines() if request_id in line)
    pattern = rf"\d\d:\d\d:\d\d\.\d{{3}}  INFO +GET {ENTITY.path} +200 +\d+ ms  request_id="
    assert re.match(pattern, line)
    assert "CloudWatchMetrics" not in command.output


def test_the_log_shows_the_requests_that_api_gateway_refused(
    run: tuple[RunFolder, LocalCommand],
) -> None:
    run_folder, command = run
    url = f"{read_endpoint(run_folder).api_url}{ENTITY.path}"
    with pytest.raises(urllib.error.HTTPError) as error, urllib.request.urlopen(url):
        pass
    with error.value as answer:
        request_id = answer.headers["X-Request-Id"]
    command.wait_for(request_id)
    line = next(line for line in command.output.splitlines() if request_id in line)
    assert re.search(rf"WARNING +GET {ENTITY.path} +403 .*  detail=INVALID_API_KEY", line)


def test_logs_follows_a_service_that_another_command_has_started(
    run: tuple[RunFolder, LocalCommand],
) -> None:
    run_folder, _ = run
    endpoint = read_endpoint(run_folder)
    logs = LocalCommand(run_folder, "logs")
    try:
        for path, key in (("earlier", ""), (ENTITY.collection, endpoint.api_key)):
            request = urllib.request.Request(
                f"{endpoint.api_url}/{path}", headers={"x-api-key": key}
            )
            with contextlib.suppress(urllib.error.HTTPError), urllib.request.urlopen(request):
                pass
            logs.wait_for(f"GET /{path} ")
    finally:
        logs.signal(signal.SIGINT)
        assert logs.wait() == 0
    assert run_folder_processes(run_folder)


@pytest.mark.parametrize(
    ("setting", "value", "state"),
    [
        ("PORT", "4850", "with PORT="),
        ("STAGE", "prod", "with STAGE=dev"),
        ("AUTHORIZATION", "iam", "with AUTHORIZATION=api-key"),
        ("DEBUG", "read", "without DEBUG"),
    ],
)
def test_a_setting_that_a_running_service_does_not_have_is_refused(
    setting: str, value: str, state: str, up: RunFolder
) -> None:
    command = LocalCommand(up, "up", settings={setting: value})
    assert command.wait() == 1
    assert f"The service is running {state}" in command.output
    assert f"which {setting}={value} cannot change" in command.output
    assert "`make down`" in command.output


def printed_reference_url(command: LocalCommand) -> str:
    """Return the URL of the API reference that a command has printed."""
    line = re.search(r"^Reference +(http://\S+)", command.output, re.MULTILINE)
    assert line
    return line[1]


def test_the_api_reference_describes_the_run(run: tuple[RunFolder, LocalCommand]) -> None:
    run_folder, command = run
    endpoint, url = read_endpoint(run_folder), printed_reference_url(command)
    with urllib.request.urlopen(url) as page:
        assert "<title>API reference</title>" in page.read().decode()
    with urllib.request.urlopen(f"{url}/openapi.json") as document:
        assert [server["url"] for server in json.load(document)["servers"]] == [endpoint.api_url]
    with urllib.request.urlopen(f"{url}/keys.json") as keys:
        assert list(json.load(keys).values()) == [endpoint.api_key]


@pytest.mark.parametrize("path", ["/../../pyproject.toml", "/swagger-ui.css.map", "/nowhere"])
def test_the_api_reference_serves_nothing_else(
    path: str, run: tuple[RunFolder, LocalCommand]
) -> None:
    _, command = run
    with pytest.raises(urllib.error.HTTPError) as error:
        urllib.request.urlopen(f"{printed_reference_url(command)}{path}")
    with error.value as answer:
        assert answer.status == 404


def test_the_api_reference_uses_another_port_if_its_port_is_in_use() -> None:
    with reference.open_listener(process.HOST, 0) as first:
        port = first.getsockname()[1]
        with reference.open_listener(process.HOST, port) as second:
            assert reference.reference_url(second) != reference.reference_url(first)


def test_a_second_run_is_refused_with_the_url_and_a_remedy(
    run: tuple[RunFolder, LocalCommand],
) -> None:
    run_folder, _ = run
    second = LocalCommand(run_folder, "run", process.free_port())
    assert second.wait() == 1
    url = read_endpoint(run_folder).api_url
    assert second.output == (
        f"{SERVICE_TITLE} is already running at {url}; stop it with `make down`.\n"
    )


def test_down_ends_a_run_in_the_foreground_and_all_its_processes(
    run: tuple[RunFolder, LocalCommand],
) -> None:
    run_folder, command = run
    assert LocalCommand(run_folder, "down", process.free_port()).wait() == 0
    assert command.wait() == 0
    assert run_folder_processes(run_folder) == []
    assert run_folder.read_endpoint() is None
    with pytest.raises(urllib.error.URLError, match="refused"):
        urllib.request.urlopen(printed_reference_url(command))


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunFolder]:
    """A run in the background."""
    run_folder = RunFolder(tmp_path_factory.mktemp("up"))
    command = LocalCommand(run_folder, "up", process.free_port())
    try:
        assert command.wait() == 0, command.output
        yield run_folder
    finally:
        LocalCommand(run_folder, "down", process.free_port()).wait()


def read_cursor_keys(endpoint: Endpoint) -> str:
    """Return the parameter with the keys that sign cursors."""
    name = endpoint.outputs["ParametersCursorKey"]
    answer = aws.client("ssm", endpoint.aws_endpoint_url).get_parameter(
        Name=name, WithDecryption=True
    )
    value: str = answer["Parameter"]["Value"]
    return value


@pytest.fixture(scope="module")
def keys_before(up: RunFolder, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The keys that signed cursors before a second deployment, with a changed app."""
    endpoint = read_endpoint(up)
    keys = read_cursor_keys(endpoint)
    project = copy_changed_project(tmp_path_factory.mktemp("changed") / "project")
    with CdkDeployment(up, Progress(Console()), project=project) as deployment:
        assert deployment.deploy_to(endpoint.aws_endpoint_url).api_url == endpoint.api_url
    return keys


@pytest.mark.usefixtures("keys_before")
def test_a_second_deployment_applies_the_changes(up: RunFolder) -> None:
    endpoint = read_endpoint(up)
    gateway = aws.client("apigateway", endpoint.aws_endpoint_url)
    assert gateway.get_usage_plans()["items"][0]["throttle"]["rateLimit"] == 61
    request = urllib.request.Request(
        f"{endpoint.api_url}{ENTITY.path}", headers={"x-api-key": endpoint.api_key}
    )
    with pytest.raises(urllib.error.HTTPError) as error, urllib.request.urlopen(request):
        pass
    with error.value as answer:
        assert answer.status == 418


def test_a_second_deployment_keeps_the_key_that_signs_cursors(
    keys_before: str, up: RunFolder
) -> None:
    endpoint = read_endpoint(up)
    cloudformation = aws.client("cloudformation", endpoint.aws_endpoint_url)
    pages = cloudformation.get_paginator("describe_stack_events").paginate(StackName=STACK)
    statuses = [
        event["ResourceStatus"]
        for page in pages
        for event in page["StackEvents"]
        if event["ResourceType"] == "Custom::CursorKey"
    ]
    assert "UPDATE_COMPLETE" in statuses
    assert read_cursor_keys(endpoint) == keys_before


def test_a_broken_app_is_reported_and_changes_nothing(up: RunFolder, tmp_path: Path) -> None:
    project = copy_changed_project(tmp_path / "project")
    (project / "app.py").write_text("raise SystemExit('The app is broken.')")
    endpoint = read_endpoint(up)
    deployment = CdkDeployment(up, Progress(Console()), project=project)
    with deployment, pytest.raises(LocalRunError, match=r"`cdk synth` failed; .*\.log") as error:
        deployment.deploy_to(endpoint.aws_endpoint_url)
    assert "The app is broken." in error.value.details
    assert read_endpoint(up) == endpoint


def copy_changed_project(folder: Path) -> Path:
    """Copy the CDK app, and change a function, the stages and the request for the cursor key."""
    copy_project(folder)
    with (folder / "functions" / "read" / "handler.py").open("a") as source:
        source.write("def handler(event, context):\n    return {'statusCode': 418, 'body': ''}\n")
    stages = folder / "infra" / "spec" / "stages.py"
    stages.write_text(re.sub(r"rate_limit=[\d_]+", "rate_limit=61", stages.read_text()))
    parameters = folder / "infra" / "data" / "parameters.py"
    parameters.write_text(parameters.read_text().replace("properties={", "properties={'A': 'b', "))
    return folder


def test_destroy_deletes_the_stack_and_its_data(up: RunFolder) -> None:
    endpoint = read_endpoint(up)
    s3 = aws.client("s3", endpoint.aws_endpoint_url)
    s3.put_object(Bucket=endpoint.outputs["ArchiveBucketName"], Key="logs/a", Body=b"a")
    result = subprocess.run(
        ["make", "destroy", "STAGE=dev", "YES=1"],
        cwd=PROJECT,
        env={**os.environ, **aws.environment(endpoint.aws_endpoint_url)},
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert f"Emptied {endpoint.outputs['ArchiveBucketName']}: 1 deleted" in result.stdout
    stacks = aws.client("cloudformation", endpoint.aws_endpoint_url).list_stacks(
        StackStatusFilter=["CREATE_COMPLETE", "UPDATE_COMPLETE", "DELETE_FAILED"]
    )["StackSummaries"]
    assert [stack["StackName"] for stack in stacks] == ["CDKToolkit"]
    assert aws.client("dynamodb", endpoint.aws_endpoint_url).list_tables()["TableNames"] == []
    parameters = aws.client("ssm", endpoint.aws_endpoint_url).describe_parameters()["Parameters"]
    # The CDK has its own parameter.
    assert [each["Name"] for each in parameters if SERVICE_NAME in each["Name"]] == []


def test_down_leaves_nothing_of_a_run_in_the_background(up: RunFolder) -> None:
    assert run_folder_processes(up)
    down = LocalCommand(up, "down", process.free_port())
    assert down.wait() == 0
    assert "Its data is deleted." in down.output
    assert run_folder_processes(up) == []


@pytest.mark.parametrize(
    ("interrupt", "step"),
    [
        (signal.SIGINT, "Bootstrapping"),
        (signal.SIGTERM, "Starting the embedded AWS"),
        (signal.SIGHUP, "Starting the embedded AWS"),
    ],
)
def test_an_interrupted_start_leaves_nothing(
    interrupt: signal.Signals, step: str, run_folder: RunFolder
) -> None:
    command = LocalCommand(run_folder, "up", process.free_port())
    command.wait_for(step)
    command.signal(interrupt)
    assert command.wait() == 130
    assert command.output.endswith("Interrupted; everything is stopped.\n")
    assert run_folder_processes(run_folder) == []


def test_a_killed_run_leaves_nothing_and_the_next_run_starts(run_folder: RunFolder) -> None:
    command = LocalCommand(run_folder, "run", process.free_port())
    command.wait_for("Bootstrapping")
    command.signal(signal.SIGKILL)
    command.wait()
    wait_until(lambda: run_folder_processes(run_folder) == [])
    next_command = LocalCommand(run_folder, "run", process.free_port())
    next_command.wait_for("Bootstrapping")
    next_command.signal(signal.SIGINT)
    assert next_command.wait() == 130


def test_down_ends_a_start_in_progress(run_folder: RunFolder) -> None:
    command = LocalCommand(run_folder, "up", process.free_port())
    command.wait_for("Bootstrapping")
    assert LocalCommand(run_folder, "down", process.free_port()).wait() == 0
    assert command.wait() == 130
    assert run_folder_processes(run_folder) == []


def test_down_reports_that_nothing_is_running(run_folder: RunFolder) -> None:
    down = LocalCommand(run_folder, "down", process.free_port())
    assert down.wait() == 0
    assert down.output == "Nothing is running.\n"


def test_logs_reports_that_nothing_is_running(run_folder: RunFolder) -> None:
    logs = LocalCommand(run_folder, "logs")
    assert logs.wait() == 1
    assert logs.output == "Nothing is running. Start it with `make up`.\n"


def test_a_port_in_use_is_reported_with_a_remedy(run_folder: RunFolder) -> None:
    with socket.socket() as busy:
        busy.bind((process.HOST, 0))
        busy.listen()
        port = busy.getsockname()[1]
        command = LocalCommand(run_folder, "run", port)
        assert command.wait() == 1
    message = f"Port {port} is in use; choose another one, for example PORT={port + 2}."
    assert command.output.splitlines()[-1] == message
    assert run_folder_processes(run_folder) == []


@pytest.mark.parametrize("port", ["http", "0", "65536"])
def test_an_invalid_port_is_refused(port: str, run_folder: RunFolder) -> None:
    command = LocalCommand(run_folder, "run", port)
    assert command.wait() == 1
    assert command.output == f"PORT={port} is not a port; choose one from 1024 to 65535.\n"
