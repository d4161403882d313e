"""Errors of the layer, and the problems that callers are told: nothing of our insides."""

from http import HTTPStatus

from common import ssm_config_loader
from common.contract import RETRY_AFTER
from common.dynamodb import cursors
from common.jobs import listing, model, table
from common.settings import SETTINGS
from common.web.problems import Problem


def problem_of(error: Exception, route: str) -> Problem:
    """What the caller of ``route`` is told about ``error``, which may be any."""
    match error:
        case Problem():
            return error
        case model.NotFound():
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
        case model.RuleBroken():
            return Problem(
                HTTPStatus.UNPROCESSABLE_ENTITY,
                f"The body breaks a rule of jobs: {error.pointer} {error.detail}.",
                ((error.pointer, error.detail),),
            )
        case listing.BadQuery():
            return Problem(HTTPStatus.BAD_REQUEST, error.detail)
        case cursors.BadCursor():
            return Problem(
                HTTPStatus.BAD_REQUEST,
                "The cursor does not belong to this list; start again without one.",
            )
        case table.Unavailable():
            return _busy(route, RETRY_AFTER)
        case ssm_config_loader.Missing():
            return _busy(route, ssm_config_loader.READ_AGAIN_AFTER)
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
