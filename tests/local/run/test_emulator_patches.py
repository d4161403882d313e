"""The emulator's gaps that local/emulator/patches.py closes: each is there, and each is closed.

A probe asks an emulator whether it can do what a gap is about. If the emulator as it is
installed can, the gap is history, and its entry in local/emulator/patches.py has to go.
"""

import contextlib
import io
import json
import socket
import time
import urllib.error
import urllib.request
import uuid
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

import pytest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError, WaiterError

from infra.spec.stages import REGION
from local import aws
from local.emulator import patches, process, xray
from local.run_folder import RunFolder
from tests.support.authorization.signature import signed_headers

Resources = Mapping[str, Mapping[str, Any]]

VPC = {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.0.0.0/16"}}
ADDRESS = {"Type": "AWS::EC2::EIP", "Properties": {"Domain": "vpc"}}
NETWORK = {
    "Vpc": VPC,
    "Subnet": {
        "Type": "AWS::EC2::Subnet",
        "Properties": {"VpcId": {"Ref": "Vpc"}, "CidrBlock": "10.0.0.0/24"},
    },
    "Address": ADDRESS,
    "Nat": {
        "Type": "AWS::EC2::NatGateway",
        "Properties": {
            "SubnetId": {"Ref": "Subnet"},
            "AllocationId": {"Fn::GetAtt": ["Address", "AllocationId"]},
        },
    },
}
FLOW_LOG = {
    "Vpc": VPC,
    "FlowLog": {
        "Type": "AWS::EC2::FlowLog",
        "Properties": {
            "ResourceId": {"Ref": "Vpc"},
            "ResourceType": "VPC",
            "TrafficType": "ALL",
            "LogDestinationType": "cloud-watch-logs",
            "LogGroupName": "/flow",
            "DeliverLogsPermissionArn": "arn:aws:iam::000000000000:role/flow",
        },
    },
}
TABLE = {
    "Table": {
        "Type": "AWS::DynamoDB::Table",
        "Properties": {
            "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
            "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
            "BillingMode": "PAY_PER_REQUEST",
            "TimeToLiveSpecification": {"AttributeName": "expires_at", "Enabled": True},
            "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True},
            "SSESpecification": {"SSEEnabled": True},
        },
    }
}
BUCKET = {
    "Bucket": {
        "Type": "AWS::S3::Bucket",
        "Properties": {
            "BucketEncryption": {
                "ServerSideEncryptionConfiguration": [
                    {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}}
                ]
            },
            "LifecycleConfiguration": {
                "Rules": [{"Id": "expire", "Status": "Enabled", "ExpirationInDays": 30}]
            },
        },
    }
}
QUERY = {
    "Query": {
        "Type": "AWS::Athena::NamedQuery",
        "Properties": {
            "Name": "probe",
            "Description": "One",
            "Database": "default",
            "QueryString": "SELECT 1",
            "WorkGroup": "primary",
        },
    }
}
API = {
    "Api": {"Type": "AWS::ApiGateway::RestApi", "Properties": {"Name": "probe"}},
    "Validator": {
        "Type": "AWS::ApiGateway::RequestValidator",
        "Properties": {
            "RestApiId": {"Ref": "Api"},
            "ValidateRequestBody": True,
            "ValidateRequestParameters": False,
        },
    },
    "Method": {
        "Type": "AWS::ApiGateway::Method",
        "Properties": {
            "RestApiId": {"Ref": "Api"},
            "ResourceId": {"Fn::GetAtt": ["Api", "RootResourceId"]},
            "HttpMethod": "POST",
            "AuthorizationType": "NONE",
            "RequestValidatorId": {"Ref": "Validator"},
            "Integration": {"Type": "MOCK"},
        },
    },
}
ALARM = {
    "Alarm": {
        "Type": "AWS::CloudWatch::Alarm",
        "Properties": {
            "ComparisonOperator": "GreaterThanThreshold",
            "EvaluationPeriods": 1,
            "Threshold": 1,
            "Metrics": [
                {"Id": "sum", "Expression": "a + a", "ReturnData": True},
                {
                    "Id": "a",
                    "ReturnData": False,
                    "MetricStat": {
                        "Metric": {"Namespace": "Probe", "MetricName": "a"},
                        "Period": 60,
                        "Stat": "Sum",
                    },
                },
            ],
        },
    }
}
WEB_ACL = {
    "Acl": {
        "Type": "AWS::WAFv2::WebACL",
        "Properties": {
            "Scope": "REGIONAL",
            "DefaultAction": {"Allow": {}},
            "Rules": [
                {
                    "Name": "probe",
                    "Priority": 0,
                    "Action": {"Block": {}},
                    "Statement": {
                        "SizeConstraintStatement": {
                            "FieldToMatch": {"SingleHeader": {"Name": "x-blocked"}},
                            "ComparisonOperator": "GT",
                            "Size": 0,
                            "TextTransformations": [{"Priority": 0, "Type": "NONE"}],
                        }
                    },
                    "VisibilityConfig": {
                        "CloudWatchMetricsEnabled": False,
                        "SampledRequestsEnabled": False,
                        "MetricName": "probe",
                    },
                }
            ],
            "VisibilityConfig": {
                "CloudWatchMetricsEnabled": False,
                "SampledRequestsEnabled": False,
                "MetricName": "probe",
            },
        },
    }
}
ORIGIN_CHOICE = """
#set($origin = $input.params().header.get("Origin"))
#if($origin == "https://b" || $origin == "https://c")
  #set($context.responseOverride.header.Access-Control-Allow-Origin = $origin)
#end
"""
FUNCTION = """
import importlib.util, json

def handler(event, context):
    if "fail" in (event.get("body") or ""):
        raise RuntimeError("as it was told")
    seen = importlib.util.find_spec("ministack") is not None
    runtime = importlib.util.find_spec("boto3") is not None
    layer = importlib.util.find_spec("of_layer").origin
    answer = {"event": event, "sees_environment": seen, "sees_runtime": runtime, "layer": layer}
    return {"statusCode": 200, "body": json.dumps(answer)}
"""
LOG_PAUSE = 0.05
"""In seconds; what the emulator waits for the first line of a function that logs nothing."""
PROBLEM = (
    '{"where": "$context.path", "why": "$context.error.validationErrorString",'
    ' "kind": "$context.error.responseType"}'
)


def zipped(files: Mapping[str, str]) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, text in files.items():
            archive.writestr(zipfile.ZipInfo(name), text)
    return content.getvalue()


@dataclass(frozen=True)
class Aws:
    """An emulator to be probed."""

    url: str

    def client(self, service: str) -> Any:
        return aws.client(service, self.url)

    def deploy(self, resources: Resources, stack: str | None = None) -> tuple[str, dict[str, str]]:
        """Create a stack, or update ``stack``; its name, and its physical ids."""
        cloudformation = self.client("cloudformation")
        change = cloudformation.update_stack if stack else cloudformation.create_stack
        done = "stack_update_complete" if stack else "stack_create_complete"
        stack = stack or f"probe-{uuid.uuid4().hex[:8]}"
        change(StackName=stack, TemplateBody=json.dumps({"Resources": resources}))
        self._wait(done, stack)
        ids = cloudformation.describe_stack_resources(StackName=stack)["StackResources"]
        return stack, {each["LogicalResourceId"]: each["PhysicalResourceId"] for each in ids}

    def delete(self, stack: str) -> None:
        self.client("cloudformation").delete_stack(StackName=stack)
        self._wait("stack_delete_complete", stack)

    def _wait(self, done: str, stack: str) -> None:
        self.client("cloudformation").get_waiter(done).wait(
            StackName=stack, WaiterConfig={"Delay": 0.05, "MaxAttempts": 200}
        )

    def takes(self, resources: Resources) -> dict[str, str] | None:
        """The physical ids of ``resources``; None if the emulator refuses them."""
        try:
            return self.deploy(resources)[1]
        except (ClientError, WaiterError):
            return None

    @cached_property
    def function(self) -> str:
        """The ARN of a function that tells what it sees, or fails if its body says so."""
        return self.create_function()

    def create_function(self) -> str:
        functions = self.client("lambda")
        layer = functions.publish_layer_version(
            LayerName="probe", Content={"ZipFile": zipped({"python/of_layer.py": ""})}
        )["LayerVersionArn"]
        arn: str = functions.create_function(
            FunctionName=f"probe-{uuid.uuid4().hex[:8]}",
            Runtime="python3.13",
            Role=self.role("lambda.amazonaws.com"),
            Handler="index.handler",
            Code={"ZipFile": zipped({"index.py": FUNCTION})},
            Layers=[layer],
        )["FunctionArn"]
        return arn

    def invoke(self, function: str) -> dict[str, Any]:
        """What the function sees."""
        answer = self.client("lambda").invoke(FunctionName=function, Payload=b"{}")["Payload"]
        seen: dict[str, Any] = json.loads(json.load(answer)["body"])
        return seen

    def role(self, service: str, action: str = "s3:*", resource: str = "*") -> str:
        """The ARN of a role that may do one thing; unless told otherwise, everything with S3."""
        iam = self.client("iam")
        name = f"probe-{uuid.uuid4().hex[:8]}"
        allow = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": service}}
        role: str = iam.create_role(
            RoleName=name,
            AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [allow]}),
        )["Role"]["Arn"]
        statement = {"Effect": "Allow", "Action": action, "Resource": resource}
        iam.put_role_policy(
            RoleName=name,
            PolicyName="all",
            PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
        )
        return role

    def client_of(self, role: str, service: str) -> Any:
        """A client with the permissions of a role, and no others."""
        session = self.client("sts").assume_role(RoleArn=role, RoleSessionName="probe")[
            "Credentials"
        ]
        credentials = aws.Credentials(
            session["AccessKeyId"], session["SecretAccessKey"], session["SessionToken"]
        )
        return aws.client(service, self.url, credentials)

    @cached_property
    def api(self) -> tuple[str, str]:
        """URL and key of an API that takes JSON objects with a number ``n``, for the function."""
        gateway = self.client("apigateway")
        api = gateway.create_rest_api(name="probe")["id"]
        root = gateway.get_resources(restApiId=api)["items"][0]["id"]
        schema = {"type": "object", "properties": {"n": {"type": "number"}}}
        gateway.create_model(
            restApiId=api, name="Probe", contentType="application/json", schema=json.dumps(schema)
        )
        validator = gateway.create_request_validator(
            restApiId=api, name="body", validateRequestBody=True
        )["id"]
        post = {"restApiId": api, "resourceId": root, "httpMethod": "POST"}
        gateway.put_method(
            **post,
            authorizationType="NONE",
            apiKeyRequired=True,
            requestValidatorId=validator,
            requestModels={"application/json": "Probe"},
        )
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
            responseTemplates={"application/json": ORIGIN_CHOICE},
        )
        for kind in ("DEFAULT_4XX", "DEFAULT_5XX"):
            gateway.put_gateway_response(
                restApiId=api,
                responseType=kind,
                responseTemplates={"application/json": PROBLEM},
            )
        gateway.create_deployment(restApiId=api, stageName="probe")
        key = gateway.create_api_key(name="probe", enabled=True)
        stages = [{"apiId": api, "stage": "probe"}]
        plan = gateway.create_usage_plan(name="probe", apiStages=stages)["id"]
        gateway.create_usage_plan_key(usagePlanId=plan, keyId=key["id"], keyType="API_KEY")
        return f"{self.url}/_aws/execute-api/{api}/probe/", key["value"]

    def post(
        self, body: Any, *, key: bool = True, headers: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        """The API's answer."""
        url, value = self.api
        own = {"content-type": "application/json"} | ({"x-api-key": value} if key else {})
        request = urllib.request.Request(url, json.dumps(body).encode(), {**own, **(headers or {})})
        return asked(request)

    def guard(self, method: str, **guard: Any) -> str:
        """Add a method that asks who calls; the API's URL."""
        url, _ = self.api
        gateway, api = self.client("apigateway"), url.split("/")[-3]
        root = gateway.get_resources(restApiId=api)["items"][0]["id"]
        where = {"restApiId": api, "resourceId": root, "httpMethod": method}
        gateway.put_method(**where, **guard)
        gateway.put_integration(**where, type="MOCK")
        gateway.create_deployment(restApiId=api, stageName="probe")
        return url


def asked(request: urllib.request.Request) -> dict[str, Any]:
    """The answer to a request, whatever its status."""
    try:
        with urllib.request.urlopen(request) as response:
            answer = response.read()
    except urllib.error.HTTPError as refused:
        with refused:
            answer = refused.read()
    content: dict[str, Any] = json.loads(answer)
    return content


def has_addresses(emulated: Aws) -> bool:
    ids = emulated.takes({"Address": ADDRESS})
    known = emulated.client("ec2").describe_addresses()["Addresses"]
    return ids is not None and ids["Address"] in {address["PublicIp"] for address in known}


def has_nat_gateways(emulated: Aws) -> bool:
    ids = emulated.takes(NETWORK)
    known = emulated.client("ec2").describe_nat_gateways()["NatGateways"]
    return ids is not None and ids["Nat"] in {each["NatGatewayId"] for each in known}


def has_flow_logs(emulated: Aws) -> bool:
    ids = emulated.takes(FLOW_LOG)
    known = emulated.client("ec2").describe_flow_logs()["FlowLogs"]
    return ids is not None and ids["FlowLog"] in {each["FlowLogId"] for each in known}


def has_named_queries(emulated: Aws) -> bool:
    ids = emulated.takes(QUERY)
    return ids is not None and ids["Query"] in named_queries(emulated)


def named_queries(emulated: Aws) -> dict[str, str]:
    """The SQL of all named queries, by their ids."""
    athena = emulated.client("athena")
    return {
        id_: athena.get_named_query(NamedQueryId=id_)["NamedQuery"]["QueryString"]
        for id_ in athena.list_named_queries()["NamedQueryIds"]
    }


def has_validators(emulated: Aws) -> bool:
    ids = emulated.takes(API)
    assert ids
    known = emulated.client("apigateway").get_request_validators(restApiId=ids["Api"])["items"]
    return ids["Validator"] in {each["id"] for each in known}


def binds_validators(emulated: Aws) -> bool:
    ids = emulated.takes(API)
    assert ids
    gateway = emulated.client("apigateway")
    root = gateway.get_resources(restApiId=ids["Api"])["items"][0]["id"]
    method = gateway.get_method(restApiId=ids["Api"], resourceId=root, httpMethod="POST")
    return "requestValidatorId" in method


def expires_items(emulated: Aws) -> bool:
    ids = emulated.takes(TABLE)
    assert ids
    dynamodb = emulated.client("dynamodb")
    description = dynamodb.describe_time_to_live(TableName=ids["Table"])
    return bool(description["TimeToLiveDescription"]["TimeToLiveStatus"] == "ENABLED")


def encrypts_objects(emulated: Aws) -> bool:
    ids = emulated.takes(BUCKET)
    assert ids
    s3 = emulated.client("s3")
    s3.put_object(Bucket=ids["Bucket"], Key="a", Body=b"a")
    encryption = s3.head_object(Bucket=ids["Bucket"], Key="a").get("ServerSideEncryption")
    return bool(encryption == "aws:kms")


def counts_loopback_as_tls(emulated: Aws) -> bool:
    bucket = f"probe-{uuid.uuid4().hex[:8]}"
    root = emulated.client("s3")
    root.create_bucket(Bucket=bucket)
    statement = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": f"arn:aws:s3:::{bucket}/*",
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    policy = {"Version": "2012-10-17", "Statement": [statement]}
    root.put_bucket_policy(Bucket=bucket, Policy=json.dumps(policy))
    role = emulated.role("lambda.amazonaws.com")
    try:
        emulated.client_of(role, "s3").put_object(Bucket=bucket, Key="a", Body=b"")
    except ClientError:
        return False
    return True


def judges_log_streams(emulated: Aws) -> bool:
    group = f"/probe/{uuid.uuid4().hex[:8]}"
    emulated.client("logs").create_log_group(logGroupName=group)
    arn = f"arn:aws:logs:{REGION}:{aws.ACCOUNT}:log-group:{group}:*"
    role = emulated.role("lambda.amazonaws.com", "logs:CreateLogStream", arn)
    try:
        emulated.client_of(role, "logs").create_log_stream(logGroupName=group, logStreamName="a")
    except ClientError:
        return False
    return True


def accepts_metric_math(emulated: Aws) -> bool:
    ids = emulated.takes(ALARM)
    known = emulated.client("cloudwatch").describe_alarms()["MetricAlarms"]
    return ids is not None and ids["Alarm"] in {alarm["AlarmName"] for alarm in known}


def evaluates_alarms(emulated: Aws) -> bool:
    cloudwatch = emulated.client("cloudwatch")
    watched = {"Namespace": "Probe", "MetricName": f"m-{uuid.uuid4().hex[:8]}"}
    elsewhere = {"Name": "of", "Value": "another"}
    values = {"MetricName": watched["MetricName"], "Dimensions": [elsewhere], "Value": 9.0}
    minute_ago = {**values, "Timestamp": datetime.now(UTC) - timedelta(minutes=1)}
    cloudwatch.put_metric_data(Namespace="Probe", MetricData=[values, minute_ago])
    name = watched["MetricName"]
    cloudwatch.put_metric_alarm(
        AlarmName=name,
        **watched,
        Dimensions=[{**elsewhere, "Value": "mine"}],
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=2,
        Threshold=1,
        ComparisonOperator="GreaterThanThreshold",
        TreatMissingData="notBreaching",
    )
    (alarm,) = cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"]
    return bool(alarm["StateValue"] == "OK")


def extracts_metrics(emulated: Aws) -> bool:
    logs, stream = emulated.client("logs"), {"logGroupName": "/probe", "logStreamName": "1"}
    with contextlib.suppress(ClientError):
        logs.create_log_group(logGroupName="/probe")
        logs.create_log_stream(**stream)
    now = int(time.time() * 1000)
    directive = {
        "Namespace": "Embedded",
        "Dimensions": [["function"]],
        "Metrics": [{"Name": "Probed", "Unit": "Count"}],
    }
    metadata = {"Timestamp": now, "CloudWatchMetrics": [directive]}
    line = json.dumps({"_aws": metadata, "function": "probe", "Probed": [1.0]})
    logs.put_log_events(**stream, logEvents=[{"timestamp": now, "message": line}])
    found = emulated.client("cloudwatch").list_metrics(Namespace="Embedded")["Metrics"]
    return [metric["MetricName"] for metric in found] == ["Probed"]


def measures_requests(emulated: Aws) -> bool:
    emulated.post({"n": 1})
    metrics = emulated.client("cloudwatch").list_metrics()["Metrics"]
    return {"5XXError", "Invocations"} <= {metric["MetricName"] for metric in metrics}


def stage_with_access_log(emulated: Aws) -> dict[str, str] | None:
    group = {"Type": "AWS::Logs::LogGroup"}
    mock = {"Type": "MOCK", "RequestTemplates": {"application/json": '{"statusCode": 200}'}}
    method = json.loads(json.dumps(API["Method"]))
    method["Properties"] |= {"Integration": mock, "HttpMethod": "GET"}
    method["Properties"].pop("RequestValidatorId")
    settings = {
        "DestinationArn": {"Fn::GetAtt": ["Group", "Arn"]},
        "Format": '{"id": "$context.requestId", "status": "$context.status"}',
    }
    return emulated.takes(
        {
            "Group": group,
            "Api": API["Api"],
            "Method": method,
            "Deployment": {
                "Type": "AWS::ApiGateway::Deployment",
                "Properties": {"RestApiId": {"Ref": "Api"}},
                "DependsOn": "Method",
            },
            "Stage": {
                "Type": "AWS::ApiGateway::Stage",
                "Properties": {
                    "RestApiId": {"Ref": "Api"},
                    "DeploymentId": {"Ref": "Deployment"},
                    "StageName": "probe",
                    "AccessLogSetting": settings,
                },
            },
        }
    )


def keeps_access_log_settings(emulated: Aws) -> bool:
    ids = stage_with_access_log(emulated)
    assert ids
    stage = emulated.client("apigateway").get_stage(restApiId=ids["Api"], stageName="probe")
    return "format" in stage.get("accessLogSettings", {})


def logs_access(emulated: Aws) -> bool:
    ids = stage_with_access_log(emulated)
    assert ids
    emulated.client("apigateway").update_stage(
        restApiId=ids["Api"],
        stageName="probe",
        patchOperations=[
            {
                "op": "replace",
                "path": "/accessLogSettings/destinationArn",
                "value": f"arn:aws:logs:{REGION}:{aws.ACCOUNT}:log-group:{ids['Group']}",
            },
            {"op": "replace", "path": "/accessLogSettings/format", "value": "$context.status"},
        ],
    )
    url = f"{emulated.url}/_aws/execute-api/{ids['Api']}/probe/"
    with contextlib.suppress(urllib.error.HTTPError), urllib.request.urlopen(url):
        pass
    events = emulated.client("logs").filter_log_events(logGroupName=ids["Group"])["events"]
    return bool(events)


def serves_x_ray(emulated: Aws) -> bool:
    now = time.time()
    segment = {
        "trace_id": xray.new_trace_id(),
        "id": "0123456789abcdef",
        "name": "probe",
        "origin": "AWS::Probe",
        "start_time": now,
        "end_time": now + 1,
    }
    document = '{"format": "json", "version": 1}\n' + json.dumps(segment)
    port = int(emulated.url.rsplit(":", 1)[1])
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as function:
        function.sendto(document.encode(), (process.HOST, port))
    deadline = time.monotonic() + 5
    with contextlib.suppress(ClientError):
        while time.monotonic() < deadline:
            graph = emulated.client("xray").get_service_graph(StartTime=now - 60, EndTime=now + 60)
            if "probe" in {service["Name"] for service in graph["Services"]}:
                return True
            time.sleep(0.05)
    return False


def seals_functions(emulated: Aws) -> bool:
    seen = emulated.invoke(emulated.function)
    assert seen["sees_runtime"]
    return not seen["sees_environment"]


def unpacks_layers_once(emulated: Aws) -> bool:
    environments = [emulated.invoke(emulated.create_function()) for _ in range(2)]
    return len({seen["layer"] for seen in environments}) == 1


def marks_the_end_of_logs(emulated: Aws) -> bool:
    function = emulated.create_function()
    return min(seconds_of(lambda: emulated.invoke(function)) for _ in range(30)) < LOG_PAUSE


def seconds_of(act: Callable[[], object]) -> float:
    began = time.perf_counter()
    act()
    return time.perf_counter() - began


def names_the_caller(emulated: Aws) -> bool:
    return "apiKeyId" in emulated.post({"n": 1})["event"]["requestContext"]["identity"]


def fills_gateway_responses(emulated: Aws) -> bool:
    return bool(emulated.post({"n": 1}, key=False)["where"] == "/probe/")


def denies_missing_scopes(emulated: Aws) -> bool:
    cognito = emulated.client("cognito-idp")
    pool = cognito.create_user_pool(PoolName="probe")["UserPool"]
    cognito.create_resource_server(
        UserPoolId=pool["Id"],
        Identifier="probe",
        Name="probe",
        Scopes=[{"ScopeName": name, "ScopeDescription": name} for name in ("this", "other")],
    )
    client = cognito.create_user_pool_client(
        UserPoolId=pool["Id"],
        ClientName="probe",
        GenerateSecret=True,
        AllowedOAuthFlowsUserPoolClient=True,
        AllowedOAuthFlows=["client_credentials"],
        AllowedOAuthScopes=["probe/this"],
    )["UserPoolClient"]
    form = {
        "grant_type": "client_credentials",
        "client_id": client["ClientId"],
        "client_secret": client["ClientSecret"],
    }
    granted = asked(
        urllib.request.Request(f"{emulated.url}/oauth2/token", urlencode(form).encode())
    )
    authorizer = emulated.client("apigateway").create_authorizer(
        restApiId=emulated.api[0].split("/")[-3],
        name="probe",
        type="COGNITO_USER_POOLS",
        providerARNs=[pool["Arn"]],
        identitySource="method.request.header.Authorization",
    )["id"]
    url = emulated.guard(
        "DELETE",
        authorizationType="COGNITO_USER_POOLS",
        authorizerId=authorizer,
        authorizationScopes=["probe/other"],
    )
    headers = {"Authorization": f"Bearer {granted['access_token']}"}
    refused = asked(urllib.request.Request(url, headers=headers, method="DELETE"))
    return bool(refused["kind"] == "ACCESS_DENIED")


def denies_through_the_api(emulated: Aws) -> bool:
    url = emulated.guard("PUT", authorizationType="AWS_IAM")
    session = emulated.client("sts").assume_role(
        RoleArn=emulated.role("lambda.amazonaws.com"), RoleSessionName="probe"
    )["Credentials"]
    stranger = Credentials(
        session["AccessKeyId"], session["SecretAccessKey"], session["SessionToken"]
    )
    headers = signed_headers(stranger, "PUT", url, {})
    refused = asked(urllib.request.Request(url, headers=headers, method="PUT"))
    return refused.get("kind") == "ACCESS_DENIED"


def explains_bad_bodies(emulated: Aws) -> bool:
    return "data.n must be number" in emulated.post({"n": "x"})["why"]


def answers_for_failed_functions(emulated: Aws) -> bool:
    return bool(emulated.post({"fail": 1}).get("kind") == "DEFAULT_5XX")


def evaluates_mock_responses(emulated: Aws) -> bool:
    url, _ = emulated.api

    def allowed(origin: str) -> str:
        headers = {"Origin": origin}
        with urllib.request.urlopen(
            urllib.request.Request(url, headers=headers, method="OPTIONS")
        ) as response:
            assert response.status == 204
            found: str = response.headers["Access-Control-Allow-Origin"]
            return found

    return [allowed(f"https://{name}") for name in "abcd"] == [
        "https://a",
        "https://b",
        "https://c",
        "https://a",
    ]


def takes_waf_logging(emulated: Aws) -> bool:
    logging = {
        "Type": "AWS::WAFv2::LoggingConfiguration",
        "Properties": {
            "ResourceArn": {"Fn::GetAtt": ["Acl", "Arn"]},
            "LogDestinationConfigs": [
                f"arn:aws:logs:{REGION}:{aws.ACCOUNT}:log-group:aws-waf-logs-probe"
            ],
        },
    }
    return emulated.takes({**WEB_ACL, "Logging": logging}) is not None


def associates_web_acls(emulated: Aws) -> bool:
    arn = f"arn:aws:apigateway:{REGION}::/restapis/other/stages/probe"
    return protects(emulated, arn)


def obeys_web_acls(emulated: Aws) -> bool:
    url, _ = emulated.api
    api, stage = url.rstrip("/").split("/")[-2:]
    arn = f"arn:aws:apigateway:{REGION}::/restapis/{api}/stages/{stage}"
    if not protects(emulated, arn):
        return False
    refused = emulated.post({"n": 1}, headers={"X-Blocked": "yes"}).get("kind") == "WAF_FILTERED"
    return refused and "event" in emulated.post({"n": 1})


def protects(emulated: Aws, arn: str) -> bool:
    """Put a resource behind a web ACL, and tell whether it is."""
    association = {
        "Type": "AWS::WAFv2::WebACLAssociation",
        "Properties": {"WebACLArn": {"Fn::GetAtt": ["Acl", "Arn"]}, "ResourceArn": arn},
    }
    if emulated.takes({**WEB_ACL, "Association": association}) is None:
        return False
    found = emulated.client("wafv2").get_web_acl_for_resource(ResourceArn=arn)
    return "WebACL" in found


PROBES: dict[object, Callable[[Aws], bool]] = {
    "AWS::Athena::NamedQuery": has_named_queries,
    "AWS::EC2::EIP": has_addresses,
    "AWS::EC2::NatGateway": has_nat_gateways,
    "AWS::EC2::FlowLog": has_flow_logs,
    "AWS::ApiGateway::RequestValidator": has_validators,
    "AWS::ApiGateway::Method": binds_validators,
    "AWS::WAFv2::LoggingConfiguration": takes_waf_logging,
    "AWS::WAFv2::WebACLAssociation": associates_web_acls,
    "AWS::ApiGateway::Stage": keeps_access_log_settings,
    "AWS::DynamoDB::Table": expires_items,
    "AWS::S3::Bucket": encrypts_objects,
    patches._count_loopback_as_tls: counts_loopback_as_tls,
    patches._judge_log_streams: judges_log_streams,
    patches._accept_metric_math: accepts_metric_math,
    patches._evaluate_alarms: evaluates_alarms,
    patches._extract_metrics: extracts_metrics,
    patches._log_access: logs_access,
    patches._measure_requests: measures_requests,
    patches._serve_x_ray: serves_x_ray,
    patches._seal_functions: seals_functions,
    patches._unpack_layers_once: unpacks_layers_once,
    patches._mark_the_end_of_logs: marks_the_end_of_logs,
    patches._name_the_caller: names_the_caller,
    patches._fill_gateway_responses: fills_gateway_responses,
    patches._deny_missing_scopes: denies_missing_scopes,
    patches._deny_through_the_api: denies_through_the_api,
    patches._explain_bad_bodies: explains_bad_bodies,
    patches._answer_for_failed_functions: answers_for_failed_functions,
    patches._evaluate_mock_responses: evaluates_mock_responses,
    patches._obey_web_acls: obeys_web_acls,
}

each_probe = pytest.mark.parametrize(
    "probe", [pytest.param(probe, id=probe.__name__) for probe in PROBES.values()]
)


@contextlib.contextmanager
def started(factory: pytest.TempPathFactory, module: str) -> Iterator[Aws]:
    run_folder = RunFolder(factory.mktemp("emulator"))
    with run_folder.lock() as lock:
        assert lock
        run_folder.clear()
        with process.running_emulator(
            run_folder, process.free_port(), lock, module=module
        ) as running:
            yield Aws(running.endpoint_url)


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aws]:
    """The emulator as it is installed."""
    with started(tmp_path_factory, "ministack") as running:
        yield running


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aws]:
    """The emulator with its gaps closed."""
    with started(tmp_path_factory, "local.emulator.process") as running:
        yield running


def test_every_gap_has_a_probe() -> None:
    types = [gap.type for gap in (*patches.LACKING, *patches.DROPPING)]
    assert set(PROBES) == {*types, *patches.PATCHES}


@each_probe
def test_the_installed_emulator_has_the_gap(probe: Callable[[Aws], bool], installed: Aws) -> None:
    assert not probe(installed)


@each_probe
def test_our_emulator_has_it_closed(probe: Callable[[Aws], bool], ours: Aws) -> None:
    assert probe(ours)


def test_a_changed_resource_is_replaced_and_a_deleted_stack_leaves_nothing(ours: Aws) -> None:
    ec2, gateway = ours.client("ec2"), ours.client("apigateway")

    def existing() -> tuple[set[str], ...]:
        return (
            {address["PublicIp"] for address in ec2.describe_addresses()["Addresses"]},
            {
                gateway["NatGatewayId"]
                for gateway in ec2.describe_nat_gateways()["NatGateways"]
                if gateway["State"] != "deleted"
            },
            {flow_log["FlowLogId"] for flow_log in ec2.describe_flow_logs()["FlowLogs"]},
            set(named_queries(ours)),
        )

    before = existing()
    stack, old = ours.deploy({**NETWORK, **FLOW_LOG, **QUERY, **API})
    changed = json.loads(json.dumps({**NETWORK, **FLOW_LOG, **QUERY, **API}))
    changed["Address"]["Properties"]["Tags"] = [{"Key": "a", "Value": "b"}]
    changed["FlowLog"]["Properties"]["TrafficType"] = "REJECT"
    changed["Query"]["Properties"]["QueryString"] = "SELECT 2"
    changed["Validator"]["Properties"]["ValidateRequestParameters"] = True
    _, new = ours.deploy(changed, stack)
    assert new["Address"] != old["Address"]
    validators = gateway.get_request_validators(restApiId=new["Api"])["items"]
    assert [validator["id"] for validator in validators] == [new["Validator"]]
    added = [now - then for now, then in zip(existing(), before, strict=True)]
    assert added == [{new["Address"]}, {new["Nat"]}, {new["FlowLog"]}, {new["Query"]}]
    assert named_queries(ours)[new["Query"]] == "SELECT 2"
    ours.delete(stack)
    assert existing() == before


def test_a_changed_property_that_the_emulator_drops_is_applied(ours: Aws) -> None:
    stack, ids = ours.deploy({**TABLE, **BUCKET})
    changed = json.loads(json.dumps({**TABLE, **BUCKET}))
    changed["Table"]["Properties"]["TimeToLiveSpecification"]["AttributeName"] = "ends_at"
    rules = changed["Bucket"]["Properties"]["LifecycleConfiguration"]["Rules"]
    rules[0]["ExpirationInDays"] = 60
    assert ours.deploy(changed, stack)[1] == ids
    ttl = ours.client("dynamodb").describe_time_to_live(TableName=ids["Table"])
    assert ttl["TimeToLiveDescription"]["AttributeName"] == "ends_at"
    lifecycle = ours.client("s3").get_bucket_lifecycle_configuration(Bucket=ids["Bucket"])
    assert lifecycle["Rules"][0]["Expiration"]["Days"] == 60
