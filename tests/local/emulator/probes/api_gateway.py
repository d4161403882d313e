"""Probes of the events that API Gateway sends to functions."""

import urllib.error
import urllib.request
import uuid
from http import HTTPStatus

from infra.spec.service import REGION
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


def serves_deployed_methods(emulator: ProbedEmulator) -> bool:
    gateway = emulator.client("apigateway")
    api = gateway.create_rest_api(name="deployments")["id"]
    root = gateway.get_resources(restApiId=api)["items"][0]["id"]
    method = {"restApiId": api, "resourceId": root, "httpMethod": "GET"}
    gateway.put_method(**method, authorizationType="NONE")
    gateway.put_integration(
        **method, type="MOCK", requestTemplates={"application/json": '{"statusCode": 200}'}
    )
    gateway.put_method_response(**method, statusCode="200")
    gateway.put_integration_response(**method, statusCode="200")
    gateway.create_deployment(restApiId=api, stageName="probe")

    def status() -> int:
        url = f"{emulator.url}/_aws/execute-api/{api}/probe/"
        try:
            with urllib.request.urlopen(url) as response:
                deployed: int = response.status
                return deployed
        except urllib.error.HTTPError as error:
            with error:
                return error.code

    gateway.delete_method(**method)
    before = status()
    gateway.create_deployment(restApiId=api, stageName="probe")
    return (before, status()) == (HTTPStatus.OK, HTTPStatus.FORBIDDEN)
