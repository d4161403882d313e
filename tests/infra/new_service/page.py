"""Apply the changes of docs/make-it-yours.md to a project."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from markdown_it import MarkdownIt

from infra.spec.paths import DOCS

PAGE = DOCS / "make-it-yours.md"

_FILE = re.compile(r"(new file|end of|in) `([^`]+)`:$")


class Change(NamedTuple):
    """One code block of the page."""

    section: str
    """The heading above the block."""

    file: str
    """The file that the block changes, relative to the project."""

    kind: str
    """``diff``, ``new file``, ``end of``, or ``in`` for the whole content of a file."""

    text: str
    """The block's content."""

    def apply(self, project: Path) -> None:
        """Apply the change, unless it has been applied already.

        Raises:
            AssertionError: The project lacks the text that the block replaces, or has the file
                that the block creates.
        """
        file = project / self.file
        content = file.read_text() if file.exists() else ""
        before, after = self._texts()
        if after in content:
            return
        match self.kind:
            case "in":
                file.write_text(after)
            case "new file":
                assert not content, f"{self.file} exists"
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(after)
            case "end of":
                # A later block may have changed the text that was added here.
                if after.splitlines()[0] not in content:
                    file.write_text(f"{content}\n{after}")
            case _:
                count = content.count(before)
                assert count == 1, f"{self.file} contains {count} times\n{before}"
                file.write_text(content.replace(before, after))

    def _texts(self) -> tuple[str, str]:
        """Return the text before the change, and the text after it."""
        if self.kind != "diff":
            return "", self.text
        lines = self.text.splitlines(keepends=True)[1:]
        return (
            "".join(line[1:] for line in lines if line[0] != "+"),
            "".join(line[1:] for line in lines if line[0] != "-"),
        )


def changes() -> Iterator[Change]:
    """Yield the changes of the page in order."""
    section, paragraph, in_heading = "", "", False
    for token in MarkdownIt("commonmark").parse(PAGE.read_text()):
        if token.type == "heading_open":
            in_heading = True
        elif token.type == "inline":
            section, paragraph = (token.content, "") if in_heading else (section, token.content)
            in_heading = False
        elif token.type == "fence" and token.info == "diff":
            file = token.content.splitlines()[0].removeprefix("--- ")
            yield Change(section, file, "diff", token.content)
        elif token.type == "fence" and token.info in {"json", "python"}:
            target = _FILE.search(paragraph)
            assert target, f"no file is named before the block in {section}"
            yield Change(section, target[2], target[1], token.content)
