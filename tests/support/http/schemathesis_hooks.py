"""Where schemathesis takes for a failure what is none."""

from http import HTTPStatus
from typing import Any

import schemathesis
from schemathesis import Case, HookContext, Response
from schemathesis.core.failures import Failure
from schemathesis.openapi.checks import RejectedPositiveData, UnsupportedMethodResponse


@schemathesis.hook
def filter_failure(_: HookContext, failure: Failure, case: Case[Any], response: Response) -> bool:
    """Whether a failure is one."""
    match failure:
        case UnsupportedMethodResponse():
            # API Gateway cannot tell a path without this method from one that is not there.
            return response.status_code != HTTPStatus.NOT_FOUND
        case RejectedPositiveData():
            return not (_has_made_up_cursor(case) or _has_bad_tag(case) or _has_fraction(case))
    return True


def _has_made_up_cursor(case: Case[Any]) -> bool:
    # Cursors are signed: only the service can make one.
    return "cursor" in case.query


def _has_bad_tag(case: Case[Any]) -> bool:
    # It takes a value in quotes for JSON, and so finds no ETag and sends a number instead.
    return not str(case.headers.get("If-Match", '"')).startswith(('"', "*"))


def _has_fraction(case: Case[Any]) -> bool:
    # 40.0 is an integer since draft 6 of JSON Schema; API Gateway's models are of draft 4.
    return isinstance(case.body, dict) and isinstance(case.body.get("progress"), float)
