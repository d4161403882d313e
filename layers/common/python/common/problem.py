"""Problems: what a caller is told when a request fails, and nothing of our insides."""

from collections.abc import Mapping
from http import HTTPStatus

from common import config, cursor, job, listing, table
from common.contract import RETRY_AFTER
from common.settings import SETTINGS


class Problem(Exception):
    """Ends a request with a problem document (RFC 9457).

    Args:
        status: The HTTP status.
        detail: A sentence that tells the caller what to do differently.
        errors: What is wrong where in the body: JSON pointers (RFC 6901) and details.
        headers: More headers of the answer.
    """

    def __init__(
        self,
        status: HTTPStatus,
        detail: str,
        errors: tuple[tuple[str, str], ...] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.errors = errors
        self.headers = headers or {}


def of(error: Exception, route: str) -> Problem:
    """What the caller of ``route`` is told about ``error``, which may be any."""
    match error:
        case Problem():
            return error
        case table.NotFound():
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
                "The body breaks a rule of jobs.",
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
