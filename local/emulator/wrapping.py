"""Wrap functions of the emulator."""

import functools
from collections.abc import Callable
from typing import Any

Wrapper = Callable[..., Any]
"""Receives the emulator's function, followed by the arguments of the call."""

_wrapped: set[tuple[object, str]] = set()


def wrap(owner: Any, name: str) -> Callable[[Wrapper], Wrapper]:
    """Decorate a function so that it is called instead of a function of the emulator.

    Args:
        owner: The emulator's module or class.
        name: The name of the function in ``owner``.

    Raises:
        ValueError: The function is already wrapped. A second wrapper would make the result
            depend on the order of the patches.
    """
    if (owner, name) in _wrapped:
        raise ValueError(f"{owner.__name__}.{name} is already wrapped; extend its wrapper.")
    _wrapped.add((owner, name))
    native = getattr(owner, name)

    def replace(wrapper: Wrapper) -> Wrapper:
        @functools.wraps(native)
        def call_wrapper(*args: Any, **kwargs: Any) -> Any:
            return wrapper(native, *args, **kwargs)

        setattr(owner, name, call_wrapper)
        return wrapper

    return replace
