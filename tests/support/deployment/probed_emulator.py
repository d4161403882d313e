"""An emulator with the resources that probes of its behaviour need."""

import contextlib
import io
import json
import urllib.error
import urllib.request
import uuid
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError, WaiterError

from infra.bundling.python_version import PYTHON_VERSION
from infra.spec.service import REGION
from local import aws
from local.emulator import process
from local.run_folder import RunFolder
from tests.support.waiting import WAITER_CONFIG

Resources = Mapping[str, Mapping[str, Any]]
"""The resources of a CloudFormation template, by their logical ids."""

_ORIGIN_CHOICE = """
#set($origin = $input.params().header.get("Origin"))
#if($origin == "https://b" || $origin == "https://c")
  #set($context.responseOverride.header.Access-Control-Allow-Origin = $origin)
#end
"""
_FUNCTION = """
import importlib.util, json, os

def handler(event, context):
    if "fail" in (event.get("body") or ""):
        raise RuntimeError("the request demands it")
    answer = {
        "event": event,
        "trace": os.environ.get("_X_AMZN_TRACE_ID"),
        "finds_environment": importlib.util.find_spec("ministack") is not None,
        "finds_runtime": importlib.util.find_spec("boto3") is not None,
        "layer": importlib.util.find_spec("from_layer").origin,
    }
    return {"statusCode": 200, "body": json.dumps(answer)}
"""
_PROBLEM = '{"where": "$context.path", "kind": "$context.error.responseType"}'


@dataclass(frozen=True)
class ProbedEmulator:
    """A running emulator."""

    url: str

    def client(self, service: str) -> Any:
        """Create a boto3 client with the permissions of the account's root."""
        return aws.client(service, self.url)

    def deploy(self, resources: Resources, stack: str | None = None) -> tuple[str, dict[str, str]]:
        """Create a stack, or update ``stack``; return its name and its physical ids."""
        cloudformation = self.client("cloudformation")
        change = cloudformation.update_stack if stack else cloudformation.create_stack
        completion = "stack_update_complete" if stack else "stack_create_complete"
        stack = stack or f"probe-{uuid.uuid4().hex[:8]}"
        change(StackName=stack, TemplateBody=json.dumps({"Resources": resources}))
        self._wait(completion, stack)
        stack_resources = cloudformation.describe_stack_resources(StackName=stack)["StackResources"]
        return stack, {
            each["LogicalResourceId"]: each["PhysicalResourceId"] for each in stack_resources
        }

    def delete(self, stack: str) -> None:
        """Delete a stack."""
        self.client("cloudformation").delete_stack(StackName=stack)
        self._wait("stack_delete_complete", stack)

    def _wait(self, completion: str, stack: str) -> None:
        self.client("cloudformation").get_waiter(completion).wait(
            StackName=stack, WaiterConfig=WAITER_CONFIG
        )

    def try_to_deploy(self, resources: Resources) -> dict[str, str] | None:
        """Return the physical ids of ``resources``, or None if the emulator rejects them."""
        try:
            return self.deploy(resources)[1]
        except (ClientError, WaiterError):
            return None

    @cached_property
    def function(self) -> str:
        """The ARN of a function that returns its event and environment.

        The function fails if the body of the request contains the word "fail".
        """
        return self.create_function()

    def create_function(self) -> str:
        """Create another function like :attr:`function`, and return its ARN."""
        lambda_ = self.client("lambda")
        layer = lambda_.publish_layer_version(
            LayerName="probe", Content={"ZipFile": _zip({"python/from_layer.py": ""})}
        )["LayerVersionArn"]
        arn: str = lambda_.create_function(
            FunctionName=f"probe-{uuid.uuid4().hex[:8]}",
            Runtime=f"python{PYTHON_VERSION}",
            Role=self.create_role("lambda.amazonaws.com"),
            Handler="index.handler",
            Code={"ZipFile": _zip({"index.py": _FUNCTION})},
            Layers=[layer],
        )["FunctionArn"]
        return arn

    def invoke(self, function: str) -> dict[str, Any]:
        """Invoke a function directly, and return its answer."""
        payload = self.client("lambda").invoke(FunctionName=function, Payload=b"{}")["Payload"]
        answer: dict[str, Any] = json.loads(json.load(payload)["body"])
        return answer

    def create_role(self, service: str, action: str = "s3:*", resource: str = "*") -> str:
        """Create a role with a single permission, and return its ARN."""
        iam = self.client("iam")
        name = f"probe-{uuid.uuid4().hex[:8]}"
        trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": service}}
        arn: str = iam.create_role(
            RoleName=name,
            AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
        )["Role"]["Arn"]
        statement = {"Effect": "Allow", "Action": action, "Resource": resource}
        iam.put_role_policy(
            RoleName=name,
            PolicyName="all",
            PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
        )
        return arn

    def assume_role(self, role: str) -> aws.Credentials:
        """Return credentials with the permissions of a role."""
        session = self.client("sts").assume_role(RoleArn=role, RoleSessionName="probe")[
            "Credentials"
        ]
        return aws.Credentials(
            session["AccessKeyId"], session["SecretAccessKey"], session["SessionToken"]
        )

    def role_client(self, role: str, service: str) -> Any:
        """Create a boto3 client with the permissions of a role."""
        return aws.client(service, self.url, self.assume_role(role))

    @cached_property
    def api(self) -> tuple[str, str]:
        """The URL and the key of an API.

        It passes bodies to :attr:`function`. A mock integration answers OPTIONS.
        """
        gateway = self.client("apigateway")
        api = gateway.create_rest_api(name="probe")["id"]
        root = gateway.get_resources(restApiId=api)["items"][0]["id"]
        post = {"restApiId": api, "resourceId": root, "httpMethod": "POST"}
        gateway.put_method(**post, authorizationType="NONE", apiKeyRequired=True)
        invocation = f"2015-03-31/functions/{self.function}/invocations"
        gateway.put_integration(
            **post,
            type="AWS_PROXY",
            integrationHttpMethod="POST",
            uri=f"arn:aws:apigateway:{REGION}:lambda:path/{invocation}",
        )
        options = {"restApiId": api, "resourceId": root, "httpMethod": "OPTIONS"}
        gateway.put_method(**options, authorizationType="NONE")
        gateway.put_integration(
            **options, type="MOCK", requestTemplates={"application/json": '{"statusCode": 204}'}
        )
        allowed = "method.response.header.Access-Control-Allow-Origin"
        gateway.put_method_response(**options, statusCode="204", responseParameters={allowed: True})
        gateway.put_integration_response(
            **options,
            statusCode="204",
            responseParameters={allowed: "'https://a'"},
            responseTemplates={"application/json": _ORIGIN_CHOICE},
        )
        for kind in ("DEFAULT_4XX", "DEFAULT_5XX"):
            gateway.put_gateway_response(
                restApiId=api,
                responseType=kind,
                responseTemplates={"application/json": _PROBLEM},
            )
        gateway.create_deployment(restApiId=api, stageName="probe")
        key = gateway.create_api_key(name="probe", enabled=True)
        stages = [{"apiId": api, "stage": "probe"}]
        plan = gateway.create_usage_plan(name="probe", apiStages=stages)["id"]
        gateway.create_usage_plan_key(usagePlanId=plan, keyId=key["id"], keyType="API_KEY")
        return f"{self.url}/_aws/execute-api/{api}/probe/", key["value"]

    @property
    def api_id(self) -> str:
        """The id of :attr:`api`."""
        return self.api[0].split("/")[-3]

    def post(
        self, body: Any, *, key: bool = True, headers: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        """Send a body to the API, and return its answer."""
        url, value = self.api
        defaults = {"content-type": "application/json"} | ({"x-api-key": value} if key else {})
        return send(
            urllib.request.Request(url, json.dumps(body).encode(), {**defaults, **(headers or {})})
        )

    def add_method(self, method: str, **authorization: Any) -> str:
        """Add a method with an authorization to the API, and return the API's URL."""
        gateway = self.client("apigateway")
        root = gateway.get_resources(restApiId=self.api_id)["items"][0]["id"]
        method_id = {"restApiId": self.api_id, "resourceId": root, "httpMethod": method}
        gateway.put_method(**method_id, **authorization)
        gateway.put_integration(**method_id, type="MOCK")
        gateway.create_deployment(restApiId=self.api_id, stageName="probe")
        return self.api[0]


@contextlib.contextmanager
def running_probed_emulator(folder: Path, module: str) -> Iterator[ProbedEmulator]:
    """Start an emulator that stops with the context.

    Args:
        folder: Its run folder.
        module: The Python module to run.
    """
    run_folder = RunFolder(folder)
    with run_folder.lock() as lock:
        assert lock
        run_folder.clear()
        with process.running_emulator(
            run_folder, process.free_port(), lock, module=module
        ) as emulator:
            yield ProbedEmulator(emulator.endpoint_url)


def send(request: urllib.request.Request) -> dict[str, Any]:
    """Send a request, and return the JSON of the answer, even if its status is an error."""
    try:
        with urllib.request.urlopen(request) as response:
            body = response.read()
    except urllib.error.HTTPError as error:
        with error:
            body = error.read()
    content: dict[str, Any] = json.loads(body)
    return content


def _zip(files: Mapping[str, str]) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, text in files.items():
            archive.writestr(zipfile.ZipInfo(name), text)
    return content.getvalue()
