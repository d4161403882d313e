"""The SSM config loader: parameters are read on first use, cached, and kept when SSM fails.

GetParameter's default quota is 40 calls a second for the whole account. So a value is kept for
minutes, environments refresh at different times, and an environment that cannot refresh keeps its
last good value: https://docs.aws.amazon.com/general/latest/gr/ssm.html
"""

import random
import time
from collections.abc import Callable
from typing import Generic, TypeVar

from common.aws.clients import client
from common.aws.outcomes import reason
from common.aws.timeouts import PARAMETER_TTL
from common.exceptions import ParameterMissing
from common.logs.logger import logger
from common.settings import SETTINGS

T = TypeVar("T")

READ_AGAIN_AFTER = 10
"""Seconds until a failed refresh is tried again."""


class SsmParameter(Generic[T]):
    """One parameter, parsed.

    Args:
        name: The parameter's name; None if the function may not read it.
        parse: Turns the parameter's text into a value; raises an exception for an invalid text.

    Raises:
        RuntimeError: The function may not read the parameter.
    """

    def __init__(self, name: str | None, parse: Callable[[str], T]) -> None:
        if name is None:
            raise RuntimeError(f"function {SETTINGS.function} may not read this parameter")
        self._name = name
        self._parse = parse
        self._value: T | None = None
        self._refresh_at = 0.0

    def get(self) -> T:
        """Return the value, at most about ``PARAMETER_TTL`` seconds old unless SSM fails.

        Raises:
            ParameterMissing: SSM has never returned a value, and does not return one now.
        """
        # The monotonic clock may stand still while the environment is frozen.
        if time.time() >= self._refresh_at:
            self._refresh()
        if self._value is None:
            raise ParameterMissing(self._name)
        return self._value

    def _refresh(self) -> None:
        try:
            answer = client("ssm").get_parameter(Name=self._name, WithDecryption=True)
            self._value = self._parse(answer["Parameter"]["Value"])
        except Exception as error:  # noqa: BLE001 - nothing that SSM answers may fail a request
            # The log holds neither the value nor the error's text, which may contain the value.
            logger.warning(
                "parameter not refreshed",
                extra={"parameter": self._name, "error_type": reason(error)},
            )
            self._refresh_at = time.time() + READ_AGAIN_AFTER
        else:
            self._refresh_at = time.time() + PARAMETER_TTL * random.uniform(0.9, 1.1)  # noqa: S311
