"""A process that gets SIGTERM while it prints its first metrics."""

import builtins
import signal
from pathlib import Path
from typing import Any, Literal

Moment = Literal["before", "after"]

SITECUSTOMIZE = """
from tests.lifecycle.signal_during_flush import raise_signal_once
raise_signal_once({moment!r})
"""
"""A ``sitecustomize`` module for a process of this project's environment."""


def raise_signal_once(moment: Moment) -> None:
    """Have this process get SIGTERM right before or right after it prints its first metrics."""
    print_ = builtins.print
    pending = [signal.SIGTERM]

    def print(*values: Any, **options: Any) -> None:
        raised = pending if "_aws" in str(values) else []
        if raised and moment == "before":
            signal.raise_signal(raised.pop())
        print_(*values, **options)
        if raised and moment == "after":
            signal.raise_signal(raised.pop())

    builtins.print = print


def write_sitecustomize(folder: Path, moment: Moment) -> Path:
    """Write SITECUSTOMIZE to a folder for PYTHONPATH."""
    (folder / "sitecustomize.py").write_text(SITECUSTOMIZE.format(moment=moment))
    return folder
