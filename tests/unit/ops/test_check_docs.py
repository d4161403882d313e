"""The check of the documents: what it finds, and that nothing is found in ours."""

from pathlib import Path

import pytest

from tools import check_docs


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with a document and nobody who executes anything."""
    write(tmp_path, "docs/commands.toml", "[executed]\n[excused]\n")
    write(tmp_path, "README.md", "# Title\n\n## What it *costs*: `all`\n\n## Twice\n\n## Twice\n")
    return tmp_path


def write(project: Path, name: str, text: str) -> Path:
    file = project / name
    file.parent.mkdir(exist_ok=True)
    file.write_text(text)
    return file


def broken(project: Path, text: str) -> list[str]:
    page = write(project, "docs/page.md", text)
    return list(check_docs.broken_links(page, project))


def unexecuted(project: Path, block: str, listed: str = "[executed]\n[excused]\n") -> list[str]:
    write(project, "docs/page.md", f"Text\n\n```sh\n{block}\n```\n")
    write(project, "docs/commands.toml", listed)
    return list(check_docs.unexecuted(project))


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
def test_a_link_that_leads_somewhere_is_fine(link: str, project: Path) -> None:
    assert broken(project, link) == []


@pytest.mark.parametrize(
    ("link", "why"),
    [
        ("[a](gone.md)", "there is no such file"),
        ("![a](gone.svg)", "there is no such file"),
        ("| a |\n|---|\n| [a](gone.md) |", "there is no such file"),
        ("[a](../../outside.md)", "there is no such file"),
        ("[a](../README.md#twice-2)", "there is no such heading"),
        ("[a](#gone)", "there is no such heading"),
        ("[a](commands.toml#L1)", "there is no such heading"),
    ],
)
def test_a_link_that_leads_nowhere_is_found(link: str, why: str, project: Path) -> None:
    (found,) = broken(project, link)
    assert found.startswith("docs/page.md:")
    assert found.endswith(why)


def test_a_command_that_nothing_executes_is_found_with_what_to_do(project: Path) -> None:
    (found,) = unexecuted(project, "# a comment\nmake   all \\\n  now   # another")
    assert found.startswith("docs/page.md:3: `make all now` is executed by nothing. Have a test")


def test_a_command_that_is_executed_or_excused_is_fine(project: Path) -> None:
    write(project, "ci.sh", "exec make all\n")
    listed = '[executed]\n"make all" = ["ci.sh", "make all"]\n[excused]\n"make more" = "Why."\n'
    assert unexecuted(project, "make all\nmake more", listed) == []


def test_a_command_that_is_no_longer_executed_is_found(project: Path) -> None:
    write(project, "ci.sh", "exec true\n")
    (found,) = unexecuted(
        project, "make all", '[executed]\n"make all" = ["ci.sh", "make all"]\n[excused]\n'
    )
    assert "not executed by ci.sh" in found


def test_what_is_said_of_a_command_that_no_document_has_is_found(project: Path) -> None:
    assert unexecuted(project, "", '[executed]\n[excused]\n"make more" = "Why."\n') == [
        "docs/commands.toml: no document has `make more`."
    ]


def test_what_is_typed_behind_a_prompt_is_replayed(project: Path) -> None:
    page = write(project, "docs/page.md", "```console\n$ curl a\nHTTP/1.1 200\n$ curl b\n```\n")
    typed = [(each.text, each.answer, each.replayed) for each in check_docs.commands(page)]
    assert typed == [("curl a", ["HTTP/1.1 200"], True), ("curl b", [], True)]
    assert list(check_docs.unexecuted(project)) == []


@pytest.mark.parametrize(
    ("call", "why"),
    [
        ("aws dynamodb restore-table --a b", "dynamodb has no operation restore-table"),
        ("aws logs tail-it", "logs has no operation tail-it"),
        ("aws ssm get-parameter --nome x", "get-parameter has no option --nome"),
        ("aws nothing at-all", "AWS has no service nothing"),
    ],
)
def test_a_call_that_aws_would_not_understand_is_found(call: str, why: str, project: Path) -> None:
    (found,) = unexecuted(project, call, f'[executed]\n[excused]\n"{call}" = "No account."\n')
    assert found.endswith(why)
