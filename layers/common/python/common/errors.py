"""Errors of the layer, and the problems that callers are told: nothing of our insides."""

from http import HTTPStatus

from common import config, cursor, job, listing, table
from common.contract import RETRY_AFTER
from common.problem import Problem
from common.settings import SETTINGS


def problem_of(error: Exception, route: str) -> Problem:
    """What the caller of ``route`` is told about ``error``, which may be any."""
    match error:
        case Problem():
            return error
        case job.NotFound():
            return Problem(HTTPStatus.NOT_FOUND, "There is no such job.")
        case table.VersionMismatch():
            return Problem(
                HTTPStatus.PRECONDITION_FAILED,
                "The job has changed since; read it again and use its ETag.",
            )
        case table.StatusConflict():
            return Problem(HTTPStatus.CONFLICT, f"A job that is {error.status} does not allow it.")
        case table.FingerprintMismatch():
            return Problem(
                HTTPStatus.UNPROCESSABLE_ENTITY,
                "This Idempotency-Key was used with another body; use a new one.",
            )
        case job.RuleBroken():
            return Problem(
                HTTPStatus.UNPROCESSABLE_ENTITY,
                f"The body breaks a rule of jobs: {error.pointer} {error.detail}.",
                ((error.pointer, error.detail),),
            )
        case listing.BadQuery():
            return Problem(HTTPStatus.BAD_REQUEST, error.detail)
        case cursor.BadCursor():
            return Problem(
                HTTPStatus.BAD_REQUEST,
                "The cursor does not belong to this list; start again without one.",
            )
        case table.Unavailable():
            return _busy(route, RETRY_AFTER)
        case config.Missing():
            return _busy(route, config.READ_AGAIN_AFTER)
        case _:
            return Problem(
                HTTPStatus.INTERNAL_SERVER_ERROR,
                "Something went wrong on our side; report the request id.",
            )


def _busy(route: str, seconds: int) -> Problem:
    # API Gateway's cache may keep this answer as long as a good one.
    seconds = max(seconds, SETTINGS.cache_ttl.get(route, 0) + 1)
    return Problem(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "The service is busy; try again.",
        headers={"Retry-After": str(seconds)},
    )
