"""Exceptions in logs and traces: their types, their stack and the error codes of AWS.

The texts of most exceptions are left out: those of the SDK hold what AWS has sent, which may be an
item, and those of Python quote values.
"""

import traceback
from collections.abc import Iterator

from botocore.exceptions import ClientError

from common.aws.outcomes import known_code

_ABOUT_CODE = (AttributeError, ImportError, NameError, TypeError)
"""Exceptions whose texts consist of the names of code and types."""


def text_of(error: BaseException) -> str:
    """Return the text of an exception, as far as it may be logged."""
    if isinstance(error, ClientError):
        return known_code(error.response.get("Error", {}).get("Code")) or ""
    is_ours = type(error).__module__.startswith("common.")
    return str(error) if is_ours or isinstance(error, _ABOUT_CODE) else ""


def stack_of(error: BaseException) -> str:
    """Return the stack traces of an exception and of those that led to it, as Python prints them,
    but without the texts that may not be logged."""
    return "".join(_stacks(error, set())).rstrip("\n")


def _stacks(error: BaseException, seen: set[int]) -> Iterator[str]:
    seen.add(id(error))
    before = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if before is not None and id(before) not in seen:
        yield from _stacks(before, seen)
        yield "\nThis exception led to the next one:\n\n"
    yield "Traceback (most recent call last):\n"
    yield from traceback.format_tb(error.__traceback__)
    module, name = type(error).__module__, type(error).__qualname__
    text = text_of(error)
    yield (name if module == "builtins" else f"{module}.{name}") + (f": {text}\n" if text else "\n")
