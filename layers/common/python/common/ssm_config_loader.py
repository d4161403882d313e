"""The SSM config loader: parameters read on first use, cached, and kept when SSM fails.

GetParameter's default quota is 40 a second for the whole account. So a value is kept for
minutes, environments do not all refresh at once, and an environment that cannot refresh goes
on with the last good value: https://docs.aws.amazon.com/general/latest/gr/ssm.html
"""

import json
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import Generic, TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from common.aws.clients import DeadlineReached, client
from common.aws.timeouts import PARAMETER_TTL
from common.contract import MAX_PAGE_SIZE, PAGE_SIZE
from common.dynamodb import cursors
from common.logs.logger import logger
from common.settings import SETTINGS

T = TypeVar("T")

READ_AGAIN_AFTER = 10
"""Seconds until a failed refresh is tried again."""


@dataclass(frozen=True)
class Config:
    """What can be changed without a deployment; the defaults serve until SSM answers.

    Args:
        retention_days: Days after its end that a job expires.
        page_size_default: Jobs on a page when the caller does not say.
        page_size_max: The most jobs on a page.
    """

    retention_days: int = 30
    page_size_default: int = PAGE_SIZE
    page_size_max: int = MAX_PAGE_SIZE


_MOST = {"retention_days": 3_650, "page_size_default": 1_000, "page_size_max": 1_000}
"""A thousand summaries fit into Lambda's answer of 6 MB; ten years into anybody's patience."""


class Missing(Exception):
    """The parameter has never been read in this environment, and cannot be read now."""


class Parameter(Generic[T]):
    """One SSM parameter, parsed.

    Args:
        name: The parameter's name.
        parse: Turns the parameter's text into a value; raises ValueError for a bad text.
    """

    def __init__(self, name: str, parse: Callable[[str], T]) -> None:
        self._name = name
        self._parse = parse
        self._value: T | None = None
        self._refresh_at = 0.0

    def get(self) -> T:
        """The value, at most about ``PARAMETER_TTL`` seconds old unless SSM fails.

        Raises:
            Missing: There is no value, and SSM cannot give one.
        """
        # Not the monotonic clock: it may stand still while the environment is frozen.
        if time.time() >= self._refresh_at:
            self._refresh()
        if self._value is None:
            raise Missing(self._name)
        return self._value

    def _refresh(self) -> None:
        try:
            answer = client("ssm").get_parameter(Name=self._name, WithDecryption=True)
            self._value = self._parse(answer["Parameter"]["Value"])
        except (BotoCoreError, ClientError, DeadlineReached, ValueError, RecursionError) as error:
            # Neither the value nor the error's text is logged: the text may hold the value.
            logger.warning(
                "parameter not refreshed",
                extra={"parameter": self._name, "error_type": type(error).__name__},
            )
            self._refresh_at = time.time() + READ_AGAIN_AFTER
        else:
            self._refresh_at = time.time() + PARAMETER_TTL * random.uniform(0.9, 1.1)  # noqa: S311


def _parse_config(text: str) -> Config:
    values = json.loads(text)
    if not isinstance(values, dict):
        raise ValueError("not an object")  # noqa: TRY004 - the parser's one kind of error
    known = {name: values[name] for name in Config.__dataclass_fields__ if name in values}
    for name, value in known.items():
        if type(value) is not int or not 1 <= value <= _MOST[name]:
            raise ValueError(f"{name} must be an integer from 1 to {_MOST[name]}")
    config = Config(**known)
    if config.page_size_default > config.page_size_max:
        raise ValueError("page_size_default must not exceed page_size_max")
    return config


def _required(name: str | None, what: str) -> str:
    if name is None:
        raise RuntimeError(f"function {SETTINGS.function} may not read the {what}")
    return name


@cache
def _config() -> Parameter[Config]:
    return Parameter(_required(SETTINGS.config_parameter, "configuration"), _parse_config)


@cache
def _cursor_keys() -> Parameter[tuple[cursors.Key, ...]]:
    return Parameter(_required(SETTINGS.cursor_key_parameter, "cursor key"), cursors.parse_keys)


def current() -> Config:
    """The configuration; its defaults where SSM has never answered."""
    try:
        return _config().get()
    except Missing:
        return Config()


def retention() -> timedelta:
    """The time that a job is kept after its end."""
    return timedelta(days=current().retention_days)


def cursor_keys() -> tuple[cursors.Key, ...]:
    """The keys that sign cursors, newest first.

    Raises:
        Missing: SSM has never given them.
    """
    return _cursor_keys().get()
