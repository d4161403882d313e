"""The headless Chromium that the tests drive."""

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from infra.spec.paths import BUILD

_INSTALLED = BUILD / "chromium"
_ARGUMENTS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-software-rasterizer",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@dataclass(frozen=True)
class Chromium:
    """A Chromium on this machine."""

    executable: Path

    environment: Mapping[str, str] = field(default_factory=dict)
    """The variables that Chromium needs besides the environment of the tests."""


def find() -> Chromium | None:
    """Return the Chromium that ``make test`` installs, or one that the machine has, or None."""
    if (_INSTALLED / "chromium").exists():
        return Chromium(
            _INSTALLED / "chromium",
            {
                "LD_LIBRARY_PATH": str(_INSTALLED / "lib"),
                "FONTCONFIG_FILE": str(_INSTALLED / "fonts.conf"),
            },
        )
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if path := shutil.which(name):
            return Chromium(Path(path))
    return None


@contextmanager
def launched(chromium: Chromium) -> Iterator[Browser]:
    """Launch the browser, and close it when the context ends."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium.executable,
            args=_ARGUMENTS,
            env={**os.environ, **chromium.environment},
        )
        with browser:
            yield browser
