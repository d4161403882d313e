"""Regular expressions that are compiled at their first use, not when their module is imported.

Packages and the standard library compile about ninety while a function starts, which takes a
seventh of a cold start. A request uses a few of them.
"""

import re
from collections.abc import Callable
from typing import Any

_compile = re.compile


class LatePattern:
    """A regular expression that is compiled at its first use. It passes for an ``re.Pattern``."""

    def __init__(self, *arguments: Any) -> None:
        self._arguments = arguments

    # ``isinstance`` and the functions of ``re`` ask for the class.
    @property
    def __class__(self) -> Any:
        return re.Pattern

    @__class__.setter
    def __class__(self, _: type) -> None:
        raise TypeError("a pattern keeps its class")

    def __getattr__(self, name: str) -> Any:
        # ``re`` caches the pattern, and the attribute is found without this method from now on.
        value = self.__dict__[name] = getattr(_compile(*self._arguments), name)
        return value

    def __repr__(self) -> str:
        return repr(_compile(*self._arguments))

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return _compile, self._arguments


def begin() -> None:
    """Make ``re.compile`` return late patterns."""
    re.compile = _late


def end() -> None:
    """Make ``re.compile`` compile again. Late patterns stay late."""
    re.compile = _compile


def _late(pattern: Any, flags: Any = 0) -> Any:
    return (
        LatePattern(pattern, flags)
        if isinstance(pattern, str | bytes)
        else _compile(pattern, flags)
    )
