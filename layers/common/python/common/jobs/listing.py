"""Lists of jobs: the query parameters, the page and the cursor to the next one."""

import re
from collections.abc import Mapping
from typing import Any

from common import ssm_config_loader
from common.dynamodb import cursors
from common.jobs import model, table

_NUMBER = re.compile("[1-9][0-9]{0,8}")


class BadQuery(ValueError):
    """A query parameter has a value that it cannot have.

    Args:
        detail: A sentence for the caller.
    """

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


def page(query: Mapping[str, str]) -> dict[str, Any]:
    """One page of jobs, newest first.

    Args:
        query: The parameters ``status``, ``pipeline``, ``limit`` and ``cursor``, all
            optional; others are ignored, because they are not part of the cache key.

    Returns:
        ``items``, summaries of jobs; and ``next_cursor``, absent on the last page.

    Raises:
        BadQuery: A parameter is not what it must be.
        cursor.BadCursor: The cursor is not one of this list.
        config.Missing: A cursor is needed, and its keys cannot be had.
        table.Unavailable: DynamoDB failed.
    """
    status = _status(query.get("status"))
    pipeline = _pipeline(query.get("pipeline"))
    limit = _limit(query.get("limit"))
    filters = {"status": status, "pipeline": pipeline}
    after = None
    if (given := query.get("cursor")) is not None:
        after = cursors.verify(given, filters, ssm_config_loader.cursor_keys())
    found = table.query(status=status, pipeline=pipeline, limit=limit, after=after)
    answer: dict[str, Any] = {"items": found.items}
    if found.after is not None:
        answer["next_cursor"] = cursors.sign(found.after, filters, ssm_config_loader.cursor_keys())
    return answer


def _status(text: str | None) -> model.Status | None:
    if text is None:
        return None
    try:
        return model.Status(text)
    except ValueError as error:
        raise BadQuery(f"status must be one of {', '.join(model.Status)}.") from error


def _pipeline(text: str | None) -> str | None:
    if text is not None and not model.PIPELINE.fullmatch(text):
        raise BadQuery("pipeline must be the name of a pipeline.")
    return text


def _limit(text: str | None) -> int:
    sizes = ssm_config_loader.current()
    if text is None:
        return sizes.page_size_default
    if not _NUMBER.fullmatch(text) or int(text) > sizes.page_size_max:
        raise BadQuery(f"limit must be a whole number from 1 to {sizes.page_size_max}.")
    return int(text)
