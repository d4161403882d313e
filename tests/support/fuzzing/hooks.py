"""The failures that schemathesis reports wrongly."""

from typing import Any

import schemathesis
from jsonschema import Draft4Validator
from schemathesis import Case, HookContext, Response
from schemathesis.core.failures import Failure
from schemathesis.openapi.checks import RejectedPositiveData

from common.contract import MAX_ENTITY_TAGS
from common.web.entity_tags import parse_tags
from infra.spec.routes import ROUTES
from infra.spec.schemas import model_schema


@schemathesis.hook
def filter_failure(_: HookContext, failure: Failure, case: Case[Any], _response: Response) -> bool:
    """Return whether a reported failure is a real one."""
    match failure:
        case RejectedPositiveData():
            return not (_has_forged_cursor(case) or _has_bad_tag(case) or _has_fraction(case))
    return True


def _has_forged_cursor(case: Case[Any]) -> bool:
    # Cursors are signed: only the service can issue one.
    return "cursor" in case.query


def _has_bad_tag(case: Case[Any]) -> bool:
    # schemathesis parses a quoted value as JSON, and then sends it without quotes: no ETag.
    for name in ("If-Match", "If-None-Match"):
        try:
            parse_tags(str(case.headers.get(name, "*")), MAX_ENTITY_TAGS)
        except ValueError:
            return True
    return False


def _has_fraction(case: Case[Any]) -> bool:
    # 40.0 is an integer since draft 6 of JSON Schema; the schemas of bodies are of draft 4.
    titles = [
        title
        for route in ROUTES
        if (route.method, route.path) == (case.method, case.path)
        for title in route.body.values()
    ]
    errors = (
        error
        for title in titles
        for error in Draft4Validator(model_schema(title)).iter_errors(case.body)
    )
    return any(error.validator == "type" and isinstance(error.instance, float) for error in errors)
