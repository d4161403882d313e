"""What docs/make-it-yours.md tells a reader to change, done to a project."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from markdown_it import MarkdownIt

from infra.spec.paths import DOCS

PAGE = DOCS / "make-it-yours.md"

_WHERE = re.compile(r"(new file|end of) `([^`]+)`:$")


class Change(NamedTuple):
    """A block of the page.

    Attributes:
        section: The heading that it is under.
        file: The file that it changes, relative to the project.
        kind: ``diff``, ``new file`` or ``end of``.
        text: What is in the block.
    """

    section: str
    file: str
    kind: str
    text: str

    def apply(self, project: Path) -> None:
        """Do what the block says, unless that is done already.

        Raises:
            AssertionError: The project is not as the block takes it to be.
        """
        file = project / self.file
        there = file.read_text() if file.exists() else ""
        before, after = self._texts()
        if after in there:
            return
        match self.kind:
            case "new file":
                assert not there, f"{self.file} is there already"
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(after)
            case "end of":
                # A later block may have changed it since.
                if after.splitlines()[0] not in there:
                    file.write_text(f"{there}\n{after}")
            case _:
                found = there.count(before)
                assert found == 1, f"{self.file} has {found} times\n{before}"
                file.write_text(there.replace(before, after))

    def _texts(self) -> tuple[str, str]:
        """What stands there before and after the change."""
        if self.kind != "diff":
            return "", self.text
        lines = self.text.splitlines(keepends=True)[1:]
        return (
            "".join(line[1:] for line in lines if line[0] != "+"),
            "".join(line[1:] for line in lines if line[0] != "-"),
        )


def changes() -> Iterator[Change]:
    """The changes of the page, in their order."""
    section, said, in_heading = "", "", False
    for token in MarkdownIt("commonmark").parse(PAGE.read_text()):
        if token.type == "heading_open":
            in_heading = True
        elif token.type == "inline":
            section, said = (token.content, "") if in_heading else (section, token.content)
            in_heading = False
        elif token.type == "fence" and token.info == "diff":
            file = token.content.splitlines()[0].removeprefix("--- ")
            yield Change(section, file, "diff", token.content)
        elif token.type == "fence" and token.info == "python":
            where = _WHERE.search(said)
            assert where, f"no file is named before the block in {section}"
            yield Change(section, where[2], where[1], token.content)
