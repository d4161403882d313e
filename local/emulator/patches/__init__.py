"""The differences between the emulator and AWS that this project relies on, and no others.

The template that goes to AWS deploys to the emulator unchanged. So its CloudFormation learns the
resource types that it rejects and the properties that it drops, and its other services learn the
few behaviours that the API, the functions and the tests depend on.

A *patch* changes the emulator when it is called, before the emulator serves. A *step* takes part
in each request (:mod:`~local.emulator.patches.api_gateway`) or in the rewriting of the functions'
worker (:mod:`~local.emulator.patches.lambda_`). Each has a probe in tests/local/emulator, which
fails as soon as a newer emulator makes the patch or the step unnecessary.
"""

import functools

from local import aws
from local.emulator.patches import (
    api_gateway,
    cloudformation,
    cloudwatch,
    dynamodb,
    gateway_responses,
    iam,
    lambda_,
    mock_integration,
    xray,
)

PATCHES = (
    api_gateway.serve_deployed_methods,
    cloudformation.refuse_existing_log_groups,
    iam.count_loopback_as_tls,
    iam.authorize_log_streams,
    cloudwatch.accept_metric_math,
    cloudwatch.evaluate_alarms,
    cloudwatch.extract_embedded_metrics,
    dynamodb.parse_conditions_once,
    xray.serve_api,
    xray.continue_traces,
    gateway_responses.deny_missing_scopes,
    gateway_responses.answer_for_failed_functions,
    mock_integration.evaluate_templates,
)
STEPS = (*lambda_.WORKER_STEPS, *api_gateway.STEPS)


def apply(endpoint_url: str) -> None:
    """Change the emulator in this process. Call this before the emulator serves.

    Args:
        endpoint_url: The URL at which the emulator of this process will listen.
    """
    cloudformation.complete_resource_types(
        functools.cache(lambda service: aws.client(service, endpoint_url))
    )
    for patch in PATCHES:
        patch()
    lambda_.rewrite_worker()
    api_gateway.wrap_requests()
