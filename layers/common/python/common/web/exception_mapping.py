"""The problem that answers each exception. Callers never see internals."""

from common.contract import RETRY_AFTER
from common.exceptions import (
    BadCursor,
    BadQuery,
    IdempotencyKeyReused,
    NotFound,
    ParameterMissing,
    RuleBroken,
    StatusConflict,
    Unavailable,
    VersionMismatch,
)
from common.settings import SETTINGS
from common.ssm_config_loader import READ_AGAIN_AFTER
from common.web import problems
from common.web.problems import Problem


def problem_of(error: Exception, route: str) -> Problem:
    """Return the problem that answers an exception; any unknown exception is a fault of ours."""
    match error:
        case Problem():
            return error
        case NotFound():
            return Problem(problems.NOT_FOUND, entity=error.entity)
        case VersionMismatch():
            return Problem(problems.VERSION_MISMATCH, entity=error.entity)
        case StatusConflict():
            return Problem(problems.STATUS_CONFLICT, entity=error.entity, status=error.status)
        case IdempotencyKeyReused():
            return Problem(problems.IDEMPOTENCY_KEY_REUSED)
        case RuleBroken():
            return Problem(
                problems.RULE_BROKEN,
                ((error.pointer, error.detail),),
                pointer=error.pointer,
                rule=error.detail,
            )
        case BadQuery():
            return Problem(problems.BAD_QUERY, detail=error.detail)
        case BadCursor():
            return Problem(problems.BAD_CURSOR)
        case Unavailable():
            return _busy(route, RETRY_AFTER)
        case ParameterMissing():
            return _busy(route, READ_AGAIN_AFTER)
        case _:
            return Problem(problems.FAULT)


def _busy(route: str, seconds: int) -> Problem:
    # API Gateway may cache this answer as long as a good one.
    seconds = max(seconds, SETTINGS.cache_ttl.get(route, 0) + 1)
    return Problem(problems.BUSY, headers={"Retry-After": str(seconds)})
