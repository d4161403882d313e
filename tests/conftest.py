"""Distribute the tests among the workers of a parallel run, and print their counts."""

import atexit
import gc
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings

from tests.support.waiting import TIMEOUT_SECONDS

# Imported only where they are used: most runs need neither a browser nor workers.
if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

# A group is the set of tests that run on one worker, since they share something that takes long
# to create. By default, a group is a folder of tests/: the tests of tests/local share one deployed
# service, and those of tests/infra the synthesized stacks. The exceptions follow.

_OWN_GROUPS = frozenset(
    {
        # These deploy their own service or none, so they do not need the service of tests/local.
        "emulator",
        "test_lifecycle",
        "test_local_run",
        "test_make_new",
        "test_redeployment",
        "test_signatures",
        "test_typed_commands",
        # This file tests a copy of the project.
        "test_another_name",
        # The tests in this folder share another service.
        "tokens",
        # This file takes long, and shares nothing.
        "test_hostile_events",
    }
)
"""The files and folders that each form their own group."""

_FAULTS = frozenset(
    {"test_faults", "test_killed", "test_listing", "test_races", "test_random_faults"}
)
"""The files of tests/local that form the group ``faults``, with a second deployed service.

They take as long as the other tests of the first service, and their faults would disturb those.
"""

_LONGEST_FIRST = (
    *("faults", "local", "infra", "test_lifecycle", "test_make_new", "lifecycle"),
    *("test_typed_commands", "test_local_run", "unit", "browser", "tokens", "dependencies"),
    "test_signatures",
)
"""The groups that start first, by the time they take. The others fill the remaining time.

A worker takes its next group when two tests are left. So a small group follows test_lifecycle,
which has two.
"""

_EARLY = "test_ops_logs"
"""The file that starts first in its group, since it reads everything that was logged before."""

# The examples are the same in every run, but differ in each `make fuzz`.
settings.register_profile("test", derandomize=True, deadline=None, database=None)
settings.register_profile("fuzz", deadline=None, database=None)
settings.load_profile("test")


def _group(nodeid: str) -> str:
    """Return the name of a test's group."""
    file = PurePosixPath(nodeid.split("::")[0])
    if file.stem in _FAULTS:
        return "faults"
    return next((name for name in (*file.parts, file.stem) if name in _OWN_GROUPS), file.parts[1])


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    from xdist.scheduler import LoadScopeScheduling

    class GroupScheduling(LoadScopeScheduling):  # type: ignore[misc]
        """Runs all tests of a group on the same worker."""

        def _split_scope(self, nodeid: str) -> str:
            # xdist's own groups (``loadgroup``) have no effect with pytest 9.
            return _group(nodeid)

    # Keep the order of collection: xdist would begin with the group of the most tests.
    config.option.loadscopereorder = False
    return GroupScheduling(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    def position(item: pytest.Item) -> tuple[int, bool]:
        group = _group(item.nodeid)
        known = group in _LONGEST_FIRST
        place = _LONGEST_FIRST.index(group) if known else len(_LONGEST_FIRST)
        return place, item.path.stem != _EARLY

    items.sort(key=position)


def pytest_collection_finish() -> None:
    """Keep the imported modules out of the collections of garbage, which would take seconds."""
    gc.freeze()
    # At the end of the process, an extension module would report the rest as leaks.
    atexit.register(gc.unfreeze)


@pytest.fixture(scope="session")
def browser() -> "Iterator[Browser]":
    """Chromium. All tests of a worker share one, since Playwright allows no second one."""
    from tests.support.browser import chromium

    executable = chromium.find()
    if executable is None:
        pytest.skip("there is no Chromium: `make test` installs one, if npm or Debian has it")
    with chromium.launched(executable) as browser:
        yield browser


@pytest.fixture
def page(browser: "Browser") -> "Iterator[Page]":
    """A page in a new browser context, without history, cookies or cache."""
    from playwright.sync_api import expect

    expect.set_options(timeout=1_000 * TIMEOUT_SECONDS)
    with browser.new_context(viewport={"width": 1200, "height": 1600}) as context:
        context.set_default_timeout(1_000 * TIMEOUT_SECONDS)
        yield context.new_page()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the counts that tests record with ``record_property("counted", ...)``."""
    for report in terminalreporter.getreports("passed") + terminalreporter.getreports("failed"):
        for name, value in report.user_properties:
            if name == "counted" and report.when == "call":
                terminalreporter.write_line(f"{report.nodeid}: {value}")
