"""The commands of the documents, typed in order, answer as the documents say."""

import os
import re
import shlex
from http import HTTPStatus
from pathlib import Path

import pytest
from typer.testing import CliRunner

from infra.spec.paths import PROJECT
from ops import deployment
from ops.__main__ import app
from tests.support.deployment.service import Service
from tests.support.http.caller import Caller
from tests.support.http.response import HttpResponse
from tools import check_docs
from tools.check_docs import OPS, Command

ANYTHING = "…"

COMMANDS = [command for page in check_docs.pages() for command in check_docs.commands(page)]
TYPED = [command for command in COMMANDS if command.answer is not None]
PAGES = sorted({command.page for command in TYPED})
# On AWS they do the same as here.
OPERATORS = sorted(
    {
        re.sub(r" --stage \w+", "", each.text)
        for each in COMMANDS
        if each.program == OPS and each.text not in check_docs.excused()
    }
    - {each.text for each in TYPED}
)


def _send(words: list[str]) -> HttpResponse:
    """Do what curl does. A bare machine has no curl."""
    headers, method, body, url = {}, None, None, ""
    arguments = iter(words)
    for word in arguments:
        if word == "-H":
            name, _, value = next(arguments).partition(": ")
            headers[name] = value
        elif word == "-X":
            method = next(arguments)
        elif word == "-d":
            body = next(arguments)
        elif word != "-si":
            url = word
    return Caller(url, api_key=None)(
        method or ("POST" if body else "GET"), "", body, headers=headers
    )


def _shown(answer: HttpResponse) -> str:
    headers = [f"{name}: {value}" for name, value in answer.headers.items()]
    return os.linesep.join([f"HTTP/1.1 {answer.status}", *headers, answer.text])


def _operate(words: list[str], service: Service) -> str:
    """What the operator's command line says of the service."""
    done = CliRunner().invoke(
        app, words, env={deployment.RUN_FOLDER_VARIABLE: str(service.run_folder.path)}
    )
    assert done.exit_code == 0, done.output
    return done.stdout


def _type(command: Command, variables: dict[str, str], service: Service) -> str:
    """What the terminal shows. Keeps what the reader is told to keep from it."""
    program, *words = shlex.split(re.sub(r"\$(\w+)", lambda name: variables[name[1]], command.text))
    if program == OPS:
        return _operate(words, service)
    assert program == "curl"
    answer = _send(words)
    if "Location" in answer.headers:
        variables["JOB"] = answer.headers["Location"].removeprefix("jobs/")
    if cursor := re.search('"next_cursor":"([^"]+)"', answer.text):
        variables["CURSOR"] = cursor[1]
    return _shown(answer)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_each_example_gives_the_documented_answer(page: Path, service: Service) -> None:
    variables = {"API": service.api_url, "KEY": service.api_key}
    for command in TYPED:
        if command.page == page:
            shown = _type(command, variables, service)
            for line in command.answer or ():
                pattern = re.escape(line).replace(ANYTHING, ".*")
                assert re.search(f"^{pattern}$", shown, re.IGNORECASE | re.MULTILINE), (
                    f"{command.text}\nshould show\n{line}\nbut showed\n{shown}"
                )


def test_the_readme_and_the_api_guide_show_every_kind_of_answer() -> None:
    text = (PROJECT / "README.md").read_text() + (PROJECT / "docs" / "api.md").read_text()
    statuses = {HTTPStatus(int(status)) for status in re.findall(r"^HTTP/1.1 (\d+)", text, re.M)}
    assert statuses >= {200, 201, 204, 400, 403, 404, 409, 412, 415, 422}


@pytest.mark.parametrize("command", OPERATORS)
def test_each_command_of_the_operator_works(command: str, service: Service) -> None:
    answer = Caller(service.api_url, service.api_key)("GET", "/jobs?limit=1")
    text = command.replace("REQUEST_ID", answer.headers["X-Request-Id"])
    _operate(shlex.split(text)[1:], service)
