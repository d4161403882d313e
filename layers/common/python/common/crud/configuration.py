"""The configuration: settings that can be changed without a deployment."""

import json
from dataclasses import dataclass
from datetime import timedelta
from functools import cache

from common.contract import MAX_PAGE_SIZE, PAGE_SIZE
from common.exceptions import ParameterMissing
from common.settings import SETTINGS
from common.ssm_config_loader import SsmParameter


@dataclass(frozen=True)
class Configuration:
    """The fields of the SSM parameter. The defaults apply until SSM has returned it."""

    retention_days: int | None = None
    """The days that an item is kept once it has a status in which items expire; None for ever.
    That is the default: an item that is kept too long does less harm than one that is lost."""

    page_size_default: int = PAGE_SIZE
    """The items on a page, unless the caller sets another number."""

    page_size_max: int = MAX_PAGE_SIZE
    """The most items on a page."""


_MAXIMUM = {"retention_days": 3_650, "page_size_default": 1_000, "page_size_max": 1_000}
"""Ten years; and as many summaries as fit into Lambda's response of 6 MB."""


def _parse(text: str) -> Configuration:
    values = json.loads(text)
    if not isinstance(values, dict):
        raise ValueError("not an object")  # noqa: TRY004 - the parser's one kind of error
    known = {name: values[name] for name in Configuration.__dataclass_fields__ if name in values}
    for name, value in known.items():
        if name == "retention_days" and value is None:
            continue
        if type(value) is not int or not 1 <= value <= _MAXIMUM[name]:
            raise ValueError(f"{name} must be an integer from 1 to {_MAXIMUM[name]}")
    configuration = Configuration(**known)
    if configuration.page_size_default > configuration.page_size_max:
        raise ValueError("page_size_default must not exceed page_size_max")
    return configuration


@cache
def _parameter() -> SsmParameter[Configuration]:
    return SsmParameter(SETTINGS.config_parameter, _parse)


def current() -> Configuration:
    """Return the configuration; its defaults if SSM has never returned it."""
    try:
        return _parameter().get()
    except ParameterMissing:
        return Configuration()


def retention() -> timedelta | None:
    """Return the time that an item is kept once it expires; None for ever."""
    days = current().retention_days
    return None if days is None else timedelta(days=days)
