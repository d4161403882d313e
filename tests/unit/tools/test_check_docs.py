"""The check of the documents: its errors, and the commands that it reads for other tests."""

from pathlib import Path

import pytest

from tools import check_docs


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with a README."""
    write(tmp_path, "README.md", "# Title\n\n## What it *costs*: `all`\n\n## Twice\n\n## Twice\n")
    return tmp_path


def write(project: Path, name: str, text: str) -> Path:
    file = project / name
    file.parent.mkdir(exist_ok=True)
    file.write_text(text)
    return file


def broken_links(project: Path, text: str) -> list[str]:
    page = write(project, "docs/page.md", text)
    return list(check_docs.broken_links(page, project))


@pytest.mark.parametrize(
    "link",
    [
        "[a](../README.md)",
        "[a](../README.md#what-it-costs-all)",
        "[a](../README.md#twice-1)",
        "![a](page.md)",
        "[a](https://example.com/nothing#there)",
        "# Here\n\n[a](#here)",
        "`[a](gone.md)`",
    ],
)
def test_a_link_that_leads_somewhere_is_accepted(link: str, project: Path) -> None:
    assert broken_links(project, link) == []


@pytest.mark.parametrize(
    ("link", "reason"),
    [
        ("[a](gone.md)", "there is no such file"),
        ("![a](gone.svg)", "there is no such file"),
        ("| a |\n|---|\n| [a](gone.md) |", "there is no such file"),
        ("[a](../../outside.md)", "there is no such file"),
        ("[a](../README.md#twice-2)", "there is no such heading"),
        ("[a](#gone)", "there is no such heading"),
        ("[a](../main.py#L1)", "there is no such heading"),
    ],
)
def test_a_link_that_leads_nowhere_is_an_error(link: str, reason: str, project: Path) -> None:
    write(project, "main.py", "")
    (error,) = broken_links(project, link)
    assert error.startswith("docs/page.md:")
    assert error.endswith(reason)


def test_a_command_of_a_script_is_read_without_comments_and_line_breaks(project: Path) -> None:
    block = "# a comment\nmake   all \\\n  now   # another"
    page = write(project, "docs/page.md", f"Text\n\n```sh\n{block}\n```\n")
    (command,) = check_docs.commands(page)
    assert (command.line, command.text, command.output) == (3, "make all now", None)


def test_a_command_after_a_prompt_is_read_with_its_output(project: Path) -> None:
    page = write(project, "docs/page.md", "```console\n$ curl a\nHTTP/1.1 200\n$ curl b\n```\n")
    commands = [(command.text, command.output) for command in check_docs.commands(page)]
    assert commands == [("curl a", ["HTTP/1.1 200"]), ("curl b", [])]


@pytest.mark.parametrize(
    ("call", "reason"),
    [
        ("aws dynamodb restore-table --a b", "dynamodb has no operation restore-table"),
        ("aws logs tail-it", "logs has no operation tail-it"),
        ("aws ssm get-parameter --nome x", "get-parameter has no option --nome"),
        ("aws nothing at-all", "AWS has no service nothing"),
    ],
)
def test_an_aws_call_that_the_api_does_not_know_is_an_error(
    call: str, reason: str, project: Path
) -> None:
    page = write(project, "docs/page.md", f"Text\n\n```sh\n{call}\n```\n")
    (error,) = check_docs.invalid_aws_calls(page, project)
    assert error.startswith("docs/page.md:3: ")
    assert error.endswith(reason)
