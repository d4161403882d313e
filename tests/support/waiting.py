"""Wait for a condition to become true."""

import time
from collections.abc import Callable

TIMEOUT_SECONDS = 300
"""The time to wait for anything that happens for certain, however busy the machine is."""

WAITER_CONFIG = {"Delay": 0.05, "MaxAttempts": round(TIMEOUT_SECONDS / 0.05)}
"""The configuration of boto3's waiters."""


def wait_until(condition: Callable[[], object]) -> None:
    """Wait until ``condition`` returns a true value.

    Raises:
        AssertionError: The condition is still false after ``TIMEOUT_SECONDS``.
    """
    deadline = time.monotonic() + TIMEOUT_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "the condition did not become true in time"
        time.sleep(0.05)
