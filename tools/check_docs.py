"""Checks the documents: their links resolve, and AWS knows the calls in their ``aws`` commands.

``make lint`` runs ``python -m tools.check_docs``. The commands in the documents also become tests:
tests/local/operations/test_documents.py runs those of ``console`` blocks and compares the output,
and it runs the ``ops`` commands of ``sh`` blocks.
"""

import re
import shlex
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote

from botocore import xform_name
from botocore.session import get_session
from markdown_it import MarkdownIt
from markdown_it.token import Token
from rich.console import Console

from infra.spec.paths import PROJECT

_MARKDOWN = MarkdownIt("commonmark").enable("table")
_GLOBAL_OPTIONS = {"endpoint-url", "output", "query", "region"}
"""Options that the AWS command line accepts for every operation."""


class Command(NamedTuple):
    """A command in a document."""

    page: Path
    """The document."""

    line: int
    """The line number of its block."""

    text: str
    """The command, without prompt and comment."""

    output: Sequence[str] | None
    """The output that a ``console`` block shows; None for a command of an ``sh`` block."""

    @property
    def program(self) -> str:
        """The name or path of the program."""
        return shlex.split(self.text)[0]


def pages(project: Path = PROJECT) -> list[Path]:
    """Return all documents of a project."""
    return sorted(
        [*project.glob("*.md"), *project.glob("docs/**/*.md"), *project.glob(".github/**/*.md")]
    )


def commands(page: Path) -> Iterator[Command]:
    """Yield the commands of a document in order."""
    for token in _tokens(page):
        if token.type == "fence" and token.info == "console":
            for text, output in _console_commands(token.content):
                yield Command(page, _line(token), text, output)
        elif token.type == "fence" and token.info == "sh":
            for text in _script_commands(token.content):
                yield Command(page, _line(token), text, None)


def _console_commands(block: str) -> Iterator[tuple[str, list[str]]]:
    """Yield the commands after each prompt, with the output that follows."""
    for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        text, *output = part.splitlines()
        yield text, output


def _script_commands(block: str) -> Iterator[str]:
    for line in block.replace("\\\n", " ").splitlines():
        if text := re.sub(r"(^|\s+)#\s.*$", "", line).strip():
            yield re.sub(r"\s{2,}", " ", text)


def broken_links(page: Path, project: Path = PROJECT) -> Iterator[str]:
    """Yield an error for each link of a document that leads nowhere in the project."""
    for token in _tokens(page):
        for part in token.children or ():
            target = part.attrs.get("href") or part.attrs.get("src")
            if isinstance(target, str) and not re.match(r"[a-z]+:", target):
                error = _link_error(page, unquote(target), project)
                if error:
                    yield f"{page.relative_to(project)}:{_line(token)}: {target}: {error}"


def _link_error(page: Path, target: str, project: Path) -> str | None:
    name, _, anchor = target.partition("#")
    file = (page.parent / name).resolve() if name else page
    if not file.is_relative_to(project) or not file.exists():
        return "there is no such file"
    if anchor and anchor not in _anchors(file):
        return "there is no such heading"
    return None


@cache
def _anchors(file: Path) -> frozenset[str]:
    """Return the anchors that GitHub gives the headings of a document; none for other files."""
    if file.suffix != ".md":
        return frozenset()
    anchors: list[str] = []
    counts: Counter[str] = Counter()
    for opening, text in pairwise(_tokens(file)):
        if opening.type == "heading_open":
            words = "".join(part.content for part in text.children or ())
            slug = re.sub(r"[^\w\- ]", "", words.lower()).replace(" ", "-")
            anchors.append(f"{slug}-{counts[slug]}" if counts[slug] else slug)
            counts[slug] += 1
    return frozenset(anchors)


def invalid_aws_calls(page: Path, project: Path = PROJECT) -> Iterator[str]:
    """Yield an error for each ``aws`` command that does not match the API's model."""
    for command in commands(page):
        if command.program == "aws" and (error := _aws_call_error(command.text)):
            yield f"{page.relative_to(project)}:{command.line}: `{command.text}`: {error}"


def _aws_call_error(text: str) -> str | None:
    _, service, operation, *options = shlex.split(text)
    if service not in get_session().get_available_services():
        return f"AWS has no service {service}"
    model = get_session().get_service_model(service)
    names = {xform_name(name, "-"): name for name in model.operation_names}
    if operation not in names:
        return f"{service} has no operation {operation}"
    shape = model.operation_model(names[operation]).input_shape
    known = {xform_name(name, "-") for name in shape.members} if shape else set()
    known |= _GLOBAL_OPTIONS
    for option in options:
        name = option.removeprefix("--")
        if option.startswith("--") and not {name, name.removeprefix("no-")} & known:
            return f"{operation} has no option {option}"
    return None


def _line(token: Token) -> int:
    return token.map[0] + 1 if token.map else 1


@cache
def _tokens(page: Path) -> list[Token]:
    return _MARKDOWN.parse(page.read_text())


def main() -> None:
    """Print all errors. The exit status is 1 if there are any."""
    errors = [
        error for page in pages() for error in (*broken_links(page), *invalid_aws_calls(page))
    ]
    console = Console(stderr=True, soft_wrap=True, highlight=False)
    for error in errors:
        console.print(error, style="bold red", markup=False)
    sys.exit(bool(errors))


if __name__ == "__main__":
    main()
