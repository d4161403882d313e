"""Probes of the events that API Gateway sends to functions."""

import uuid

from infra.spec.stages import REGION
from local import aws
from tests.support.deployment.probed_emulator import ProbedEmulator


def shares_request_id(emulator: ProbedEmulator) -> bool:
    group = f"/probe/{uuid.uuid4().hex[:8]}"
    emulator.client("logs").create_log_group(logGroupName=group)
    emulator.client("apigateway").update_stage(
        restApiId=emulator.api_id,
        stageName="probe",
        patchOperations=[
            {"op": "replace", "path": f"/accessLogSettings/{name}", "value": value}
            for name, value in (
                ("destinationArn", f"arn:aws:logs:{REGION}:{aws.ACCOUNT}:log-group:{group}"),
                ("format", "$context.requestId"),
            )
        ],
    )
    request_id = emulator.post({"n": 1})["event"]["requestContext"]["requestId"]
    events = emulator.client("logs").filter_log_events(logGroupName=group)["events"]
    return [event["message"] for event in events] == [request_id]


def names_api_key(emulator: ProbedEmulator) -> bool:
    return "apiKeyId" in emulator.post({"n": 1})["event"]["requestContext"]["identity"]
