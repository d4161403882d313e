"""Lists of jobs: the query parameters, the page, and the cursor to the next page."""

import re
from collections.abc import Mapping
from typing import Any

from common.dynamodb import cursors
from common.exceptions import BadQuery
from common.jobs import configuration, table
from common.jobs.model import PIPELINE, Status

_NUMBER = re.compile("[1-9][0-9]{0,8}")


def page(query: Mapping[str, str]) -> dict[str, Any]:
    """Return one page of jobs, newest first.

    Args:
        query: The parameters ``status``, ``pipeline``, ``limit`` and ``cursor``, all
            optional. Others are ignored, since the cache key does not hold them.

    Returns:
        ``items``, summaries of jobs; and ``next_cursor``, absent on the last page.

    Raises:
        BadQuery: A parameter has an invalid value.
        BadCursor: The cursor does not belong to this list.
        ParameterMissing: A cursor needs its keys, and SSM does not return them.
        Unavailable: DynamoDB failed.
    """
    status = _status(query.get("status"))
    pipeline = _pipeline(query.get("pipeline"))
    limit = _limit(query.get("limit"))
    filters = {"status": status, "pipeline": pipeline}
    after = None
    if (cursor := query.get("cursor")) is not None:
        after = cursors.verify(cursor, filters, cursors.signing_keys())
    jobs = table.query(status=status, pipeline=pipeline, limit=limit, after=after)
    body: dict[str, Any] = {"items": jobs.items}
    if jobs.after is not None:
        body["next_cursor"] = cursors.sign(jobs.after, filters, cursors.signing_keys())
    return body


def _status(text: str | None) -> Status | None:
    if text is None:
        return None
    try:
        return Status(text)
    except ValueError as error:
        raise BadQuery(f"status must be one of {', '.join(Status)}.") from error


def _pipeline(text: str | None) -> str | None:
    if text is not None and not PIPELINE.fullmatch(text):
        raise BadQuery("pipeline must be the name of a pipeline.")
    return text


def _limit(text: str | None) -> int:
    sizes = configuration.current()
    if text is None:
        return sizes.page_size_default
    if not _NUMBER.fullmatch(text) or int(text) > sizes.page_size_max:
        raise BadQuery(f"limit must be a whole number from 1 to {sizes.page_size_max}.")
    return int(text)
