"""The commands in the documents, run in order, print what the documents show."""

import os
import re
import shlex
from http import HTTPStatus
from pathlib import Path

import pytest

from common.entities import ENTITIES
from infra.spec.paths import PROJECT
from local.examples import life_of_an_item
from tests.support.deployment.ops_command import invoke_ops
from tests.support.deployment.service import Service
from tests.support.entities import ENTITY
from tests.support.http.caller import Caller
from tests.support.http.response import HttpResponse
from tools import check_docs
from tools.check_docs import Command

OPS = ".venv/bin/ops"
ELLIPSIS = "…"
"""In a documented output: any text."""

COMMANDS = [command for page in check_docs.pages() for command in check_docs.commands(page)]
WITH_OUTPUT = [command for command in COMMANDS if command.output is not None]
PAGES = sorted({command.page for command in WITH_OUTPUT})
OPS_COMMANDS = sorted(
    {
        # On the local run, a command does the same as on a stage.
        re.sub(r" --stage \w+", "", command.text)
        for command in COMMANDS
        # The stage of the local run issues no tokens; the tests of machine credentials get one.
        if command.program == OPS and not command.text.startswith(f"{OPS} token")
    }
    - {command.text for command in WITH_OUTPUT}
)


def _run_curl(arguments: list[str]) -> str:
    """Do what curl does, which a bare machine does not have."""
    headers, method, body, url = {}, None, None, ""
    remaining = iter(arguments)
    for argument in remaining:
        if argument == "-H":
            name, _, value = next(remaining).partition(": ")
            headers[name] = value
        elif argument == "-X":
            method = next(remaining)
        elif argument == "-d":
            body = next(remaining)
        elif argument != "-si":
            url = argument
    response = Caller(url, api_key=None)(
        method or ("POST" if body else "GET"), "", body, headers=headers
    )
    return _as_text(response)


def _as_text(response: HttpResponse) -> str:
    headers = [f"{name}: {value}" for name, value in response.headers.items()]
    return os.linesep.join([f"HTTP/1.1 {response.status}", *headers, response.text])


def _run_ops(arguments: list[str], service: Service) -> str:
    result = invoke_ops(service.run_folder.path, *arguments)
    assert result.exit_code == 0, result.output
    return result.stdout


def _run(command: Command, variables: dict[str, str], service: Service) -> str:
    """Return a command's output. Sets the variables that the documents tell the reader to set."""
    text = re.sub(r"\$(\w+)", lambda name: variables[name[1]], command.text)
    program, *arguments = shlex.split(text)
    if program == OPS:
        return _run_ops(arguments, service)
    assert program == "curl"
    output = _run_curl(arguments)
    if location := re.search(r"^Location: ([\w-]+)/(\S+)", output, re.IGNORECASE | re.MULTILINE):
        (noun,) = (entity.noun for entity in ENTITIES if entity.collection == location[1])
        variables[noun.replace(" ", "_").upper()] = location[2]
        (etag,) = re.findall("^ETag: (.*?)\r?$", output, re.IGNORECASE | re.MULTILINE)
        variables["ETAG"] = etag.replace('"', r"\"")
    if cursor := re.search('"next_cursor":"([^"]+)"', output):
        variables["CURSOR"] = cursor[1]
    return output


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_each_command_prints_the_documented_output(page: Path, service: Service) -> None:
    variables = {"API": service.api_url, "KEY": service.api_key}
    for command in WITH_OUTPUT:
        if command.page == page:
            output = _run(command, variables, service)
            for line in command.output or ():
                pattern = re.escape(line).replace(ELLIPSIS, ".*")
                assert re.search(f"^{pattern}$", output, re.IGNORECASE | re.MULTILINE), (
                    f"{command.text}\nshould print\n{line}\nbut printed\n{output}"
                )


def test_the_readme_shows_commands_that_the_local_run_prints() -> None:
    printed = [example.command for example in life_of_an_item()]
    shown = [
        command.text
        for command in WITH_OUTPUT
        if command.page == PROJECT / "README.md" and command.program == "curl"
    ]
    assert [command for command in printed if command in shown] == shown


@pytest.mark.skipif(not PAGES, reason="the documents show no requests")
def test_the_documents_show_every_kind_of_answer() -> None:
    text = "".join(page.read_text() for page in PAGES)
    statuses = {HTTPStatus(int(status)) for status in re.findall(r"^HTTP/1.1 (\d+)", text, re.M)}
    assert statuses >= {200, 201, 204, 400, 403, 404, 409, 412, 415, 422}


@pytest.mark.parametrize("command", OPS_COMMANDS)
def test_each_ops_command_works(command: str, service: Service) -> None:
    response = Caller(service.api_url, service.api_key)("GET", f"{ENTITY.path}?limit=1")
    text = command.replace("REQUEST_ID", response.headers["X-Request-Id"])
    _run_ops(shlex.split(text)[1:], service)
