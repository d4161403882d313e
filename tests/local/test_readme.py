"""Every console example in the README, typed in order, answers as the README says."""

import os
import re
import shlex
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

from typer.testing import CliRunner

from local.home import PROJECT
from ops import target
from ops.__main__ import app
from tests.answer import Answer
from tests.local.caller import Caller
from tests.local.service import Service

README = PROJECT / "README.md"
ANYTHING = "…"


def _examples(readme: Path) -> Iterator[tuple[str, list[str]]]:
    """Commands, each with the lines that the README shows of its answer."""
    for block in re.findall(r"```console\n(.*?)```", readme.read_text(), re.DOTALL):
        lines = block.splitlines()
        starts = [n for n, line in enumerate(lines) if line.startswith("$ ")] + [len(lines)]
        for start, end in pairwise(starts):
            yield lines[start].removeprefix("$ "), lines[start + 1 : end]


def _search(words: list[str], service: Service) -> str:
    """What the operator's command line says."""
    done = CliRunner().invoke(app, words, env={target.HOME: str(service.home.folder)})
    assert done.exit_code == 0, done.output
    return done.stdout


def _send(words: list[str]) -> Answer:
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


def _shown(answer: Answer) -> str:
    headers = [f"{name}: {value}" for name, value in answer.headers.items()]
    return os.linesep.join([f"HTTP/1.1 {answer.status}", *headers, answer.text])


def test_each_example_gives_the_documented_answer(service: Service) -> None:
    variables = {"API": service.api_url, "KEY": service.api_key}
    statuses = []
    for command, expected in _examples(README):
        program, *words = shlex.split(re.sub(r"\$(\w+)", lambda name: variables[name[1]], command))
        if program == "curl":
            answer = _send(words)
            shown = _shown(answer)
            statuses.append(answer.status)
            if "Location" in answer.headers:
                variables["JOB"] = answer.headers["Location"].removeprefix("jobs/")
        else:
            assert program == ".venv/bin/ops"
            shown = _search(words, service)
        for line in expected:
            pattern = re.escape(line).replace(ANYTHING, ".*")
            assert re.search(f"^{pattern}$", shown, re.IGNORECASE | re.MULTILINE), (
                f"{command}\nshould show\n{line}\nbut showed\n{shown}"
            )

    assert {200, 201, 204, 400, 403, 404, 409, 412, 415, 422} <= set(statuses)
