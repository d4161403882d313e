"""The headless Chromium that the tests drive."""

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from infra.spec.paths import PROJECT

_INSTALLED = PROJECT / ".build" / "chromium"
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
    """A Chromium on this machine.

    Attributes:
        executable: What to run.
        environment: What it needs besides the environment of the tests.
    """

    executable: Path
    environment: Mapping[str, str] = field(default_factory=dict)


def find() -> Chromium | None:
    """The Chromium that ``make test`` has installed, else one that the machine has."""
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
def running(chromium: Chromium) -> Iterator[Browser]:
    """The browser, for as long as the context is entered."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium.executable,
            args=_ARGUMENTS,
            env={**os.environ, **chromium.environment},
        )
        with browser:
            yield browser
