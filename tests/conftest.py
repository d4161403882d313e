"""How the tests are shared out among the workers of a parallel run, and what they tell."""

import uuid
from collections.abc import Iterator
from pathlib import PurePosixPath

import pytest
from hypothesis import settings
from playwright.sync_api import Browser, Page
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from tests.support.browser import chromium

# Neither the service nor the stacks of the other tests in their folders.
_ON_THEIR_OWN = (
    *("test_emulator_patches", "test_hostile_events", "test_install", "test_local_run"),
    *("test_signatures", "test_tokens"),
)
# The half of tests/local that takes as long as the others, and fails what they would share.
_OF_FAULTS = ("test_faults", "test_killed", "test_listing", "test_races")

# In the order of what they take; the others fill up what is left of the workers' time.
_LONGEST_FIRST = ("local", "faults", "infra", "lifecycle", "test_hostile_events", "test_local_run")

# The same examples in every run, and other ones in each `make fuzz`.
settings.register_profile("test", derandomize=True, deadline=None, database=None)
settings.register_profile("fuzz", deadline=None, database=None)
settings.load_profile("test")


class Groups(LoadScopeScheduling):  # type: ignore[misc]
    """Gives to one worker all tests that share something that takes long to make."""

    def _split_scope(self, nodeid: str) -> str:
        # xdist's own groups (``loadgroup``) have no effect with pytest 9.
        return _group(nodeid)


def _group(nodeid: str) -> str:
    file = PurePosixPath(nodeid.split("::")[0])
    if file.stem in _OF_FAULTS:
        return "faults"
    return file.stem if file.stem in _ON_THEIR_OWN else file.parts[1]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Groups:
    # As they are collected; its own order begins with the group of the most tests.
    config.option.loadscopereorder = False
    return Groups(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    def place(item: pytest.Item) -> int:
        group = _group(item.nodeid)
        return _LONGEST_FIRST.index(group) if group in _LONGEST_FIRST else len(_LONGEST_FIRST)

    items.sort(key=place)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium; one for all tests of a worker, as Playwright has it."""
    found = chromium.find()
    if found is None:
        pytest.skip("there is no Chromium: `make test` installs one, if npm or Debian has it")
    with chromium.launched(found) as browser:
        yield browser


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page of a browser that has seen nothing yet."""
    with browser.new_context(viewport={"width": 1200, "height": 1600}) as context:
        context.set_default_timeout(15_000)
        yield context.new_page()


@pytest.fixture
def pipeline() -> str:
    """The name of a pipeline that only this test uses."""
    return f"test-{uuid.uuid4().hex}"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what tests have counted, with ``record_property("counted", ...)``."""
    for report in terminalreporter.getreports("passed") + terminalreporter.getreports("failed"):
        for name, value in report.user_properties:
            if name == "counted" and report.when == "call":
                terminalreporter.write_line(f"{report.nodeid}: {value}")
