"""API Gateway: wrap the functions that answer a request, and call the steps of each moment.

For each request, the emulator calls these private functions, in this order::

    _enforce_execute_api            IAM
    _handle_execute_in_scope        all that follows
      _execute_in_scope             routing, authorizer, API key, throttling, validation
        _build_lambda_event_v1
        _call_lambda_raw
      _gateway_error_response       if API Gateway itself refuses the request

Each of them is wrapped here, once. The tuples list the steps of each moment in their order.
"""

import copy
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ministack import app
from ministack.services import apigateway_v1

from local.emulator.patches import access_log, cloudwatch, gateway_responses, waf, xray
from local.emulator.patches.api_request import (
    CURRENT,
    Answer,
    ApiRequest,
    Invocation,
    current_request,
)
from local.emulator.wrapping import Wrapper, wrap


def share_request_id(request: ApiRequest, event: dict[str, Any]) -> None:
    """Give the function the same request id as the access log and the gateway's responses.

    The emulator creates another one for the function.
    """
    event["requestContext"]["requestId"] = request.record["request_id"]


def name_api_key(request: ApiRequest, event: dict[str, Any]) -> None:
    """Give the function the API key of the request, and the key's id.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html
    """
    value = request.headers.get("x-api-key")
    if key := apigateway_v1._resolve_api_key(value):
        event["requestContext"]["identity"] |= {"apiKey": value, "apiKeyId": key["id"]}


AFTER_DENIAL: tuple[Callable[[ApiRequest, Answer, Any], Answer], ...] = (
    gateway_responses.deny_through_the_api,
)
"""Return the answer to a request that IAM denies; also given the query."""

BEFORE_ROUTING: tuple[Callable[[ApiRequest], Any], ...] = (waf.block_request,)
"""Return an error of the emulator to refuse the request, or None."""

AFTER_ERROR: tuple[Callable[[ApiRequest, Any], Any], ...] = (gateway_responses.require_signature,)
"""Return the error of a request that API Gateway refuses, or a more precise one."""

BEFORE_INVOCATION: tuple[Callable[[ApiRequest, dict[str, Any]], None], ...] = (
    share_request_id,
    name_api_key,
)
"""Complete the event for the function."""

AFTER_INVOCATION: tuple[Callable[[Invocation], None], ...] = (
    xray.record_invocation,
    cloudwatch.count_invocation,
)

AFTER_REFUSAL: tuple[Callable[[ApiRequest, bytes], bytes], ...] = (
    gateway_responses.fill_variables,
)
"""Return the body of the gateway response to an error of the emulator."""

AFTER_ANSWER: tuple[Callable[[ApiRequest, Answer], None], ...] = (
    access_log.log_request,
    xray.record_request,
    cloudwatch.count_request,
)

STEPS: tuple[Callable[..., Any], ...] = (
    *AFTER_DENIAL,
    *BEFORE_ROUTING,
    *AFTER_ERROR,
    *BEFORE_INVOCATION,
    *AFTER_INVOCATION,
    *AFTER_REFUSAL,
    *AFTER_ANSWER,
)


def wrap_requests() -> None:
    """Wrap each function of the emulator that takes part in a request."""

    @wrap(app, "_enforce_execute_api")
    def authorize(
        native: Wrapper,
        api_id: str,
        stage: str,
        method: str,
        path: str,
        headers: Mapping[str, Any],
        query: Any,
        **kwargs: Any,
    ) -> Answer | None:
        request = ApiRequest(api_id, stage, method, path, headers)
        CURRENT.set(request)
        answer: Answer | None = native(api_id, stage, method, path, headers, query, **kwargs)
        if answer:
            for step in AFTER_DENIAL:
                answer = step(request, answer, query)
        return answer

    @wrap(apigateway_v1, "_handle_execute_in_scope")
    async def answer(native: Wrapper, *args: Any) -> Answer:
        request = current_request()
        try:
            answer: Answer = await native(*args)
        finally:
            CURRENT.set(None)
        request.segment.finish(answer[0])
        for step in AFTER_ANSWER:
            step(request, answer)
        return answer

    @wrap(apigateway_v1, "_execute_in_scope")
    async def execute(native: Wrapper, record: dict[str, Any], *args: Any) -> Any:
        request = current_request()
        request.record = record
        errors = (step(request) for step in BEFORE_ROUTING)
        answer = next(filter(None, errors), None) or await native(record, *args)
        if isinstance(answer, apigateway_v1._GatewayError):
            for refine in AFTER_ERROR:
                answer = refine(request, answer)
            request.error = answer
        return answer

    @wrap(apigateway_v1, "_build_lambda_event_v1")
    def build_event(native: Wrapper, *args: Any, **kwargs: Any) -> dict[str, Any]:
        request = current_request()
        event: dict[str, Any] = native(*args, **kwargs)
        for step in BEFORE_INVOCATION:
            step(request, event)
        request.event = event
        return event

    @wrap(apigateway_v1, "_call_lambda_raw")
    async def invoke(native: Wrapper, reference: str, *args: Any, **kwargs: Any) -> Any:
        request = current_request()
        name = reference.split(":function:")[-1].split(":")[0]
        request.invocation = invocation = Invocation(request.segment.trace_id, name)
        result, missing = await native(reference, *args, **kwargs)
        invocation.finish(result)
        for step in AFTER_INVOCATION:
            step(invocation)
        return result, missing

    @wrap(apigateway_v1, "_gateway_error_response")
    def respond(native: Wrapper, error: Any, record: Mapping[str, Any]) -> Answer:
        request = current_request()
        status, headers, body = native(error, record)
        for step in AFTER_REFUSAL:
            body = step(request, body)
        return status, headers, body


def serve_deployed_methods() -> None:
    """Keep a copy of an API's resources with each deployment, and route requests by that copy.

    The emulator routes them by the API as it is at the moment. So it did not show that
    CloudFormation makes the deployment of an update before it deletes the removed methods:
    https://github.com/aws/aws-cdk/issues/14660
    https://docs.aws.amazon.com/apigateway/latest/developerguide/how-to-deploy-api.html
    """
    resources = apigateway_v1._resources

    @wrap(apigateway_v1, "_create_deployment")
    def create_deployment(native: Wrapper, api: str, data: Mapping[str, Any]) -> Answer:
        answer: Answer = native(api, data)
        if api in resources:
            # An id of its own, so that the emulator's functions find the copy.
            resources[_copy_id(api, json.loads(answer[2])["id"])] = copy.deepcopy(resources[api])
        return answer

    @wrap(apigateway_v1, "_delete_deployment")
    def delete_deployment(native: Wrapper, api: str, deployment: str) -> Answer:
        resources.pop(_copy_id(api, deployment), None)
        answer: Answer = native(api, deployment)
        return answer

    @wrap(apigateway_v1, "_match_resource_tree")
    def match_resource_tree(native: Wrapper, api: str, segments: Sequence[str]) -> Any:
        return native(_served_id(api), segments)

    @wrap(apigateway_v1, "_match_greedy_fallback")
    def match_greedy_fallback(
        native: Wrapper, api: str, segments: Sequence[str], method: str
    ) -> Any:
        return native(_served_id(api), segments, method)


def _copy_id(api: str, deployment: str) -> str:
    return f"{api}/{deployment}"


def _served_id(api: str) -> str:
    """Return the id of the copy that the stage of the current request serves."""
    stage = apigateway_v1._stages_v1[api][current_request().stage]
    return _copy_id(api, stage["deploymentId"])
