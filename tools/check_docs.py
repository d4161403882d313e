"""Says whether the documents hold: their links resolve, and their commands are executed.

``python -m tools.check_docs``, which ``make lint`` runs. tests/local/operations/test_documents.py
replays the commands of the ``console`` blocks, with their answers, and those of ``ops`` in ``sh``
blocks.
docs/commands.toml says who executes the others, or why nobody does.
"""

import re
import shlex
import sys
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
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

OPS = ".venv/bin/ops"

_EXECUTION = Path("docs") / "commands.toml"
_MARKDOWN = MarkdownIt("commonmark").enable("table")
_SHELLS = ("console", "sh")


class Command(NamedTuple):
    """A command of a document.

    Attributes:
        page: The document.
        line: The line of its block, from 1.
        text: The command, without prompt and comment.
        answer: The lines that the document shows of its answer; None where it shows none.
    """

    page: Path
    line: int
    text: str
    answer: Sequence[str] | None

    @property
    def program(self) -> str:
        """What is run."""
        return shlex.split(self.text)[0]

    @property
    def replayed(self) -> bool:
        """Whether a test takes it from the document and runs it."""
        return self.answer is not None or self.program == OPS


def pages(project: Path = PROJECT) -> list[Path]:
    """Every document of a project."""
    return sorted(
        [*project.glob("*.md"), *project.glob("docs/**/*.md"), *project.glob(".github/**/*.md")]
    )


def commands(page: Path) -> Iterator[Command]:
    """The commands of a document, in their order."""
    for token in _tokens(page):
        if token.type == "fence" and token.info in _SHELLS:
            parse = _typed if token.info == "console" else _scripted
            for text, answer in parse(token.content):
                yield Command(page, _line(token), text, answer)


def _typed(block: str) -> Iterator[tuple[str, list[str] | None]]:
    """What somebody types behind a prompt, and what the terminal then shows."""
    for typed in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        text, *answer = typed.splitlines()
        yield text, answer


def _scripted(block: str) -> Iterator[tuple[str, list[str] | None]]:
    for line in block.replace("\\\n", " ").splitlines():
        if text := re.sub(r"(^|\s+)#\s.*$", "", line).strip():
            yield re.sub(r"\s{2,}", " ", text), None


def broken_links(page: Path, project: Path = PROJECT) -> Iterator[str]:
    """What is wrong with the links of a document to files of the project."""
    for token in _tokens(page):
        for part in token.children or ():
            target = part.attrs.get("href") or part.attrs.get("src")
            if isinstance(target, str) and not re.match(r"[a-z]+:", target):
                wrong = _wrong(page, unquote(target), project)
                if wrong:
                    where = page.relative_to(project)
                    yield f"{where}:{_line(token)}: {target}: {wrong}"


def _wrong(page: Path, target: str, project: Path) -> str | None:
    name, _, anchor = target.partition("#")
    file = (page.parent / name).resolve() if name else page
    if not file.is_relative_to(project) or not file.exists():
        return "there is no such file"
    if anchor and anchor not in _anchors(file):
        return "there is no such heading"
    return None


@cache
def _anchors(page: Path) -> frozenset[str]:
    """What GitHub lets a link jump to in a file; nothing in what is no document."""
    if page.suffix != ".md":
        return frozenset()
    found: list[str] = []
    seen: Counter[str] = Counter()
    for opening, text in pairwise(_tokens(page)):
        if opening.type == "heading_open":
            words = "".join(part.content for part in text.children or ())
            slug = re.sub(r"[^\w\- ]", "", words.lower()).replace(" ", "-")
            found.append(f"{slug}-{seen[slug]}" if seen[slug] else slug)
            seen[slug] += 1
    return frozenset(found)


def _line(token: Token) -> int:
    return token.map[0] + 1 if token.map else 1


@cache
def _tokens(page: Path) -> list[Token]:
    return _MARKDOWN.parse(page.read_text())


def excused(project: Path = PROJECT) -> Mapping[str, str]:
    """The commands that nothing executes, and why."""
    listed: dict[str, str] = tomllib.loads((project / _EXECUTION).read_text())["excused"]
    return listed


def unexecuted(project: Path = PROJECT) -> Iterator[str]:
    """The commands that nobody executes and nobody excuses, and the excuses without a command."""
    listed = tomllib.loads((project / _EXECUTION).read_text())
    executed, reasons = listed["executed"], listed["excused"]
    found = [command for page in pages(project) for command in commands(page)]
    for command in found:
        where = f"{command.page.relative_to(project)}:{command.line}: `{command.text}`"
        said = {*executed, *reasons} & {command.text, command.program}
        if not (command.replayed or said):
            yield (
                f"{where} is executed by nothing. Have a test or a script run it and name it in"
                f" {_EXECUTION}, or give the reason there."
            )
        if command.program == "aws" and (wrong := _wrong_call(command.text)):
            yield f"{where}: {wrong}"
    for text, (file, evidence) in executed.items():
        if not (project / file).exists() or evidence not in (project / file).read_text():
            yield f"{_EXECUTION}: `{text}` is not executed by {file}: there is no {evidence} in it."
    there = {name for command in found for name in (command.text, command.program)}
    for text in sorted({*executed, *reasons} - there):
        yield f"{_EXECUTION}: no document has `{text}`."


def _wrong_call(text: str) -> str | None:
    """What AWS would not understand in a command of its command line."""
    _, service, operation, *options = shlex.split(text)
    if service not in get_session().get_available_services():
        return f"AWS has no service {service}"
    model = get_session().get_service_model(service)
    names = {xform_name(name, "-"): name for name in model.operation_names}
    if operation not in names:
        return f"{service} has no operation {operation}"
    shape = model.operation_model(names[operation]).input_shape
    known = {xform_name(name, "-") for name in shape.members} if shape else set()
    # Of the command line itself.
    known |= {"endpoint-url", "output", "query", "region"}
    for option in options:
        name = option.removeprefix("--")
        if option.startswith("--") and not {name, name.removeprefix("no-")} & known:
            return f"{operation} has no option {option}"
    return None


def main() -> None:
    """Run from the command line."""
    wrong = [*(each for page in pages() for each in broken_links(page)), *unexecuted()]
    said = Console(stderr=True, soft_wrap=True, highlight=False)
    for each in wrong:
        said.print(each, style="bold red", markup=False)
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
