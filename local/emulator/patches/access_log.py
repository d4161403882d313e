"""The access log of an API's stage, which the emulator does not write.

https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-logging.html
"""

import json
import re
from collections.abc import Mapping
from typing import Any

from ministack.services import apigateway_v1, cloudwatch_logs

from local.emulator.patches.api_request import Answer, ApiRequest


def log_request(request: ApiRequest, answer: Answer) -> None:
    """Log a request as its stage demands."""
    settings = (request.record.get("stage") or {}).get("accessLogSettings")
    if settings:
        _write(settings, _variables(request, answer))


def _variables(request: ApiRequest, answer: Answer) -> dict[str, Any]:
    """Return the known ``$context`` variables, without ``$context.``."""
    status, _, body = answer
    variables: dict[str, Any] = {
        "requestId": request.record["request_id"],
        "extendedRequestId": request.record["request_id"],
        "xrayTraceId": request.segment.trace_id,
        "requestTimeEpoch": int(request.segment.start * 1000),
        "httpMethod": request.method,
        "resourcePath": request.record["resource_path"],
        "path": request.path_with_stage,
        "status": status,
        "responseLatency": int(request.segment.milliseconds),
        "responseLength": len(body),
        "identity.sourceIp": "127.0.0.1",
        "identity.userAgent": request.headers.get("user-agent", "-"),
    }
    if request.event:
        context = request.event["requestContext"]
        claims = context.get("authorizer", {}).get("claims", {})
        variables["authorizer.claims.sub"] = claims.get("sub") or "-"
        variables["identity.userArn"] = context["identity"].get("userArn") or "-"
    if request.invocation:
        variables["integrationLatency"] = int(request.invocation.call.milliseconds)
        variables["integration.status"] = request.invocation.call.status
    if request.error:
        variables["error.message"] = request.error.message
        variables["error.responseType"] = request.error.response_type
    if key := apigateway_v1._resolve_api_key(request.headers.get("x-api-key")):
        variables["identity.apiKeyId"] = key["id"]
    return variables


def _write(settings: Mapping[str, str], variables: Mapping[str, Any]) -> None:
    def value(variable: re.Match[str]) -> str:
        return json.dumps(str(variables.get(variable[1], "-")))[1:-1]

    stream = {
        "logGroupName": settings["destinationArn"].split(":log-group:")[1].removesuffix(":*"),
        "logStreamName": "access",
    }
    cloudwatch_logs._create_log_stream(stream)
    event = {
        "timestamp": variables["requestTimeEpoch"],
        "message": re.sub(r"\$context\.([\w.]+)", value, settings["format"]),
    }
    cloudwatch_logs._put_log_events({**stream, "logEvents": [event]})
