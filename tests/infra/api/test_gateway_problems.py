"""API Gateway's own answers in the template."""

import json
import re

import pytest

from tests.support.templates.rest_api import (
    gateway_responses,
)
from tests.support.templates.synthesized import Synthesized

RESPONSE_PARAMETERS = {
    "gatewayresponse.header.Access-Control-Expose-Headers": (
        "'ETag,Location,Retry-After,Idempotency-Replayed,X-Request-Id,Accept-Patch,Accept-Encoding'"
    ),
    "gatewayresponse.header.Content-Type": "'application/problem+json'",
    "gatewayresponse.header.X-Request-Id": "context.requestId",
    "gatewayresponse.header.Cache-Control": "'no-store'",
}


STATUSES = {
    "BAD_REQUEST_PARAMETERS": 400,
    "INVALID_API_KEY": 403,
    "ACCESS_DENIED": 403,
    "WAF_FILTERED": 403,
    "MISSING_AUTHENTICATION_TOKEN": 404,
    "RESOURCE_NOT_FOUND": 404,
    "REQUEST_TOO_LARGE": 413,
    "UNSUPPORTED_MEDIA_TYPE": 404,
    "THROTTLED": 429,
    "QUOTA_EXCEEDED": 429,
    "INTEGRATION_FAILURE": 503,
    "INTEGRATION_TIMEOUT": 504,
    "DEFAULT_4XX": 400,
    "DEFAULT_5XX": 503,
}


@pytest.mark.parametrize(("case", "status"), STATUSES.items())
def test_the_gateway_answers_errors_with_a_problem_document(
    case: str, status: int, stack: Synthesized
) -> None:
    problem = gateway_responses(stack)[case]
    assert problem["StatusCode"] == str(status)
    body = json.loads(problem["ResponseTemplates"]["application/json"])
    assert body["status"] == status
    assert body["type"] == "about:blank"
    assert body["title"]
    assert body["detail"]
    assert body["instance"] == "$context.path"
    assert body["request_id"] == "$context.requestId"


@pytest.mark.mission("Handles CORS headers correctly for browser-based clients")
def test_a_browser_can_read_every_gateway_response(stack: Synthesized) -> None:
    for problem in gateway_responses(stack).values():
        headers = problem["ResponseParameters"]
        assert headers.items() >= RESPONSE_PARAMETERS.items()
        origin = headers["gatewayresponse.header.Access-Control-Allow-Origin"]
        assert origin == f"'{stack.stage.cors_origins[0]}'"


def test_with_several_origins_a_gateway_response_repeats_the_origin(variant: Synthesized) -> None:
    for case, problem in gateway_responses(variant).items():
        headers = problem["ResponseParameters"]
        allowed = headers.get("gatewayresponse.header.Access-Control-Allow-Origin")
        assert allowed == (None if case == "WAF_FILTERED" else "method.request.header.Origin")
        assert headers["gatewayresponse.header.Vary"] == "'Origin'"


def test_temporary_problems_have_a_retry_after_header(stack: Synthesized) -> None:
    cases = {
        case
        for case, problem in gateway_responses(stack).items()
        if "gatewayresponse.header.Retry-After" in problem["ResponseParameters"]
    }
    assert cases == {
        "THROTTLED",
        "QUOTA_EXCEEDED",
        "INTEGRATION_FAILURE",
        "INTEGRATION_TIMEOUT",
        "DEFAULT_5XX",
    }


def test_the_templates_of_gateway_responses_only_substitute_variables(stack: Synthesized) -> None:
    for problem in gateway_responses(stack).values():
        (template,) = problem["ResponseTemplates"].values()
        assert not re.search(r"#set|#if|\$input|\$util", template)
