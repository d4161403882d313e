"""The edit loop: ``make run`` deploys a saved source, and only its code if that is all."""

import io
import json
import os
import re
import signal
import subprocess
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from infra.spec import stages
from infra.spec.paths import COMMON, PROJECT
from local import aws
from local.deploy import STACK
from local.emulator import process
from local.run_folder import Endpoint, RunFolder
from tests.support.deployment.command_line import LocalCommand, project_environment
from tests.support.deployment.project_copy import copied_file, copy_project
from tests.support.entities import ENTITY
from tests.support.waiting import wait_until

pytestmark = pytest.mark.skipif(not Path("/proc").exists(), reason="finds processes in /proc")

READ = Path("functions", "read", "handler.py")
LAYER_MODULE = COMMON.relative_to(PROJECT) / "handler.py"
TEAPOT = "\n\ndef handler(event, context):\n    return {'statusCode': 418, 'body': ''}\n"


class WatchedProject:
    """A copy of the project, and a run that watches it."""

    def __init__(self, project: Path, run_folder: RunFolder) -> None:
        self.project = project
        self.run_folder = run_folder
        self.command = LocalCommand(run_folder, "run", process.free_port(), project=project)

    @property
    def endpoint(self) -> Endpoint:
        endpoint = self.run_folder.read_endpoint()
        assert endpoint
        return endpoint

    def client(self, service: str) -> Any:
        return aws.client(service, self.endpoint.aws_endpoint_url)

    def status(self) -> int:
        """Return the status of the answer to a request for a list."""
        request = urllib.request.Request(
            f"{self.endpoint.api_url}{ENTITY.path}", headers={"x-api-key": self.endpoint.api_key}
        )
        try:
            with urllib.request.urlopen(request) as response:
                status: int = response.status
                return status
        except urllib.error.HTTPError as error:
            with error:
                return error.code

    def synthesis_time(self) -> float:
        return self.run_folder.cdk_log("synth").stat().st_mtime

    @contextmanager
    def changed(self, *changes: tuple[Path, Callable[[str], str]]) -> Iterator[None]:
        """Save changed sources, and take the changes back at the end."""
        originals = {source: source.read_text() for source, _ in changes}
        for source, change in changes:
            source.write_text(change(originals[source]))
        try:
            yield
        finally:
            for source, original in originals.items():
                source.write_text(original)
            wait_until(lambda: self.status() == HTTPStatus.OK)

    def deployed_code(self) -> dict[str, dict[str, bytes]]:
        """Return the files of each function's code and of the layer, by the logical id."""
        cloudformation, s3 = self.client("cloudformation"), self.client("s3")
        template = cloudformation.get_template(StackName=STACK)["TemplateBody"]
        (toolkit,) = cloudformation.describe_stacks(StackName="CDKToolkit")["Stacks"]
        outputs = {each["OutputKey"]: each["OutputValue"] for each in toolkit["Outputs"]}
        code = {}
        for name, key in asset_keys(template).items():
            body = s3.get_object(Bucket=outputs["BucketName"], Key=key)["Body"].read()
            with zipfile.ZipFile(io.BytesIO(body)) as archive:
                files = [each for each in archive.namelist() if not each.endswith("/")]
                code[name] = {file: archive.read(file) for file in files}
        return code

    def synthesized_code(self, assembly: Path) -> dict[str, dict[str, bytes]]:
        """Synthesize the stack, and return the code that a whole deployment uploads."""
        options = ("--quiet", "--no-validation")
        synthesis = ("synth", *options, "-c", "credentials=cli", "--output", assembly)
        subprocess.run(
            ["node_modules/.bin/cdk", *synthesis],
            cwd=self.project,
            env={**os.environ, **project_environment(self.project)},
            check=True,
            capture_output=True,
        )
        template = json.loads((assembly / f"{STACK}.template.json").read_text())
        code = {}
        for name, key in asset_keys(template).items():
            folder = assembly / f"asset.{key.removesuffix('.zip')}"
            code[name] = {
                path.relative_to(folder).as_posix(): path.read_bytes()
                for path in folder.rglob("*")
                if path.is_file()
            }
        return code


def asset_keys(template: dict[str, Any]) -> dict[str, str]:
    """Return the keys of the code of functions and layer, by the logical id."""
    contents = {
        name: resource["Properties"].get("Code") or resource["Properties"]["Content"]
        for name, resource in template["Resources"].items()
        if resource["Type"] in ("AWS::Lambda::Function", "AWS::Lambda::LayerVersion")
    }
    return {name: content["S3Key"] for name, content in contents.items()}


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WatchedProject]:
    project = copy_project(tmp_path_factory.mktemp("watched") / "project")
    watched = WatchedProject(project, RunFolder(tmp_path_factory.mktemp("run")))
    try:
        watched.command.wait_for("Ctrl-C")
        yield watched
    finally:
        watched.command.signal(signal.SIGTERM)
        watched.command.wait()


def test_a_saved_handler_answers_without_a_synthesis(watched: WatchedProject) -> None:
    synthesized = watched.synthesis_time()
    with watched.changed((watched.project / READ, lambda source: source + TEAPOT)):
        wait_until(lambda: watched.status() == HTTPStatus.IM_A_TEAPOT)
    assert watched.synthesis_time() == synthesized


@pytest.mark.nightly
def test_the_updated_code_is_that_of_a_whole_deployment(
    watched: WatchedProject, tmp_path: Path
) -> None:
    synthesized = watched.synthesis_time()
    comment = "\n# saved\n"

    def is_updated() -> bool:
        try:
            code = watched.deployed_code()
        except ClientError:
            # The update has just removed the code that the template named.
            return False
        module = "python/common/handler.py"
        return any(files.get(module, b"").endswith(comment.encode()) for files in code.values())

    with watched.changed(
        (watched.project / READ, lambda source: source + TEAPOT),
        (watched.project / LAYER_MODULE, lambda source: source + comment),
    ):
        wait_until(lambda: is_updated() and watched.status() == HTTPStatus.IM_A_TEAPOT)
        assert watched.synthesis_time() == synthesized
        assert watched.deployed_code() == watched.synthesized_code(tmp_path / "cdk.out")


def test_a_syntax_error_is_shown_and_the_next_change_is_deployed(watched: WatchedProject) -> None:
    with watched.changed((watched.project / READ, lambda _: "def handler(:\n")):
        watched.command.wait_for("SyntaxError")
        watched.command.wait_for("The earlier version runs on")
        assert watched.status() == HTTPStatus.OK
    with watched.changed((watched.project / READ, lambda source: source + TEAPOT)):
        wait_until(lambda: watched.status() == HTTPStatus.IM_A_TEAPOT)


@pytest.mark.nightly
def test_a_saved_setting_of_the_stack_is_deployed_with_the_code(watched: WatchedProject) -> None:
    def rate_limit() -> float:
        (plan,) = watched.client("apigateway").get_usage_plans()["items"]
        limit: float = plan["throttle"]["rateLimit"]
        return limit

    # The code first alone, so that the whole deployment finds a stack that was updated without it.
    with watched.changed((watched.project / READ, lambda source: source + TEAPOT)):
        wait_until(lambda: watched.status() == HTTPStatus.IM_A_TEAPOT)
    source = copied_file(watched.project, stages)
    limited = (source, lambda text: re.sub(r"rate_limit=[\d_]+", "rate_limit=61", text))
    with watched.changed(limited):
        wait_until(lambda: rate_limit() == 61)
        assert watched.status() == HTTPStatus.OK
    wait_until(lambda: rate_limit() != 61)


@pytest.mark.nightly
def test_a_failed_synthesis_is_shown_and_the_service_runs_on(watched: WatchedProject) -> None:
    source = watched.project / "infra" / "stack.py"
    with watched.changed((source, lambda text: text + "\nraise SystemExit('It is broken.')\n")):
        watched.command.wait_for("It is broken.")
        assert watched.status() == HTTPStatus.OK
