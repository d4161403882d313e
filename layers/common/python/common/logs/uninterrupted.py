"""Sections of code that neither another thread nor the handler of a signal interrupts.

Python runs the handler of a signal on the main thread, between two instructions of the code that
runs there. A handler that uses the state of this code finds it half changed, and cannot wait until
the code has finished.
https://docs.python.org/3/library/signal.html#execution-of-python-signal-handlers
"""

import signal
import threading
from collections.abc import Callable
from functools import partial
from types import FrameType

Handler = Callable[[int, FrameType | None], None]


class _Uninterrupted:
    """A context that one thread at a time is in, and no handler of a signal meanwhile."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._main_thread = threading.main_thread().ident
        self._depth = 0
        self._postponed: Callable[[], None] | None = None

    def __enter__(self) -> None:
        # First of all: a handler that ran while this thread has the lock could change the state.
        if threading.get_ident() == self._main_thread:
            self._depth += 1
        self._lock.acquire()

    def __exit__(self, *_: object) -> None:
        self._lock.release()
        if threading.get_ident() == self._main_thread:
            self._depth -= 1
            if self._postponed and not self._depth:
                postponed, self._postponed = self._postponed, None
                postponed()

    def handle(self, number: int, handler: Handler) -> None:
        """Set the handler of a signal; it runs after the section that the signal interrupts."""

        def handle(number: int, frame: FrameType | None) -> None:
            if self._depth:
                self._postponed = partial(handler, number, frame)
            else:
                handler(number, frame)

        signal.signal(number, handle)


UNINTERRUPTED = _Uninterrupted()
