"""What the functions' credentials are tried on, and what the table of routes lets them do."""

import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from common.jobs.keys import INDEXES, PARTITION_KEY
from infra.spec.routes import FUNCTIONS, Function, routes_of
from infra.spec.stages import REGION, STAGES
from local import aws
from local.deploy import STAGE
from tests.support.deployment.service import Service

DENIALS = {
    "AccessDenied",
    "AccessDeniedException",
    "AuthorizationError",
    "UnauthorizedOperation",
}

_PREFIX = f"/job-ledger/{STAGE}"
# Nothing has these ids.
_SUBNET, _INTERFACE = "subnet-0123456789abcdef0", "eni-0123456789abcdef0"
_NETWORK_INTERFACES: Mapping[str, Mapping[str, Any]] = {
    "CreateNetworkInterface": {"SubnetId": _SUBNET},
    "DeleteNetworkInterface": {"NetworkInterfaceId": _INTERFACE},
    "DescribeNetworkInterfaces": {},
    "DescribeSubnets": {},
    "AssignPrivateIpAddresses": {"NetworkInterfaceId": _INTERFACE},
    "UnassignPrivateIpAddresses": {
        "NetworkInterfaceId": _INTERFACE,
        "PrivateIpAddresses": ["10.0.0.9"],
    },
}


@dataclass(frozen=True)
class Attempt:
    """A call that a function's role allows, or not. Nothing is lost even if it is allowed.

    Args:
        action: The IAM action that the call needs; its service is also boto3's.
        on: What it is done to, for people; the same words for all functions.
        resource: The ARN that the action is judged against.
        operation: The API's operation.
        arguments: Its arguments, in boto3's form.
    """

    action: str
    on: str
    resource: str
    operation: str
    arguments: Mapping[str, Any]

    @property
    def what(self) -> tuple[str, str]:
        """The action, and what it is done to."""
        return self.action, self.on

    def is_allowed(self, client: Callable[[str], Any]) -> bool:
        """Whether AWS lets the call pass; what then becomes of it does not matter.

        Args:
            client: Gives a boto3 client for a service, with the credentials of who tries.
        """
        made = client(self.action.partition(":")[0])
        (method,) = (n for n, o in made.meta.method_to_api_mapping.items() if o == self.operation)
        try:
            getattr(made, method)(**self.arguments)
        except ClientError as error:
            return error.response["Error"]["Code"] not in DENIALS
        return True


def expected(function: Function) -> set[tuple[str, str]]:
    """The actions, and what they may be done to, as they follow from the table of routes."""
    routes = routes_of(function)
    return {
        *((action, "table") for route in routes for action in route.table),
        *((a, f"index {index}") for route in routes for a in route.indexes for index in INDEXES),
        *(("ssm:GetParameter", parameter) for route in routes for parameter in route.parameters),
        ("s3:PutObject", "own prefix"),
        ("logs:CreateLogStream", "own log group"),
        ("logs:PutLogEvents", "own log group"),
        # Lambda joins the VPC with the role. The function's own code is refused, which the
        # embedded AWS cannot tell apart.
        *((f"ec2:{action}", "network") for action in _NETWORK_INTERFACES),
    }


def attempts(service: Service, function: Function) -> list[Attempt]:
    """All that is tried with the credentials of ``function``."""
    outputs = service.outputs
    another = next(name for name in FUNCTIONS if name != function)
    return [
        *_on_table(outputs["TableName"]),
        *_on_archive(outputs, function, another),
        *_on_parameters(),
        *_on_logs(outputs, function, another),
        *_on_network(outputs["NetworkFunctions"]),
        *_on_functions(outputs, function, another),
        *_on_others(outputs, function, another),
    ]


def _arn(service: str, resource: str) -> str:
    return f"arn:aws:{service}:{REGION}:{aws.ACCOUNT}:{resource}"


def _on_table(table: str) -> Iterator[Attempt]:
    arn = _arn("dynamodb", f"table/{table}")
    # No job has this id, so no condition holds.
    nobody = {PARTITION_KEY: {"S": str(uuid.uuid4())}}
    values = {"ExpressionAttributeValues": {":a": {"S": "a"}}}
    at = {"TableName": table}
    if_there = {**at, "ConditionExpression": f"attribute_exists({PARTITION_KEY})"}
    put = {**if_there, "Item": nobody}
    update = {**if_there, "Key": nobody, "UpdateExpression": "SET a = :a", **values}
    delete = {**if_there, "Key": nobody}

    def on_table(action: str, arguments: Mapping[str, Any], operation: str = "") -> Attempt:
        return Attempt(f"dynamodb:{action}", "table", arn, operation or action, arguments)

    yield on_table("GetItem", {**at, "Key": nobody})
    yield on_table("BatchGetItem", {"RequestItems": {table: {"Keys": [nobody]}}})
    yield on_table("Query", {**at, "KeyConditionExpression": f"{PARTITION_KEY} = :a", **values})
    yield on_table("Scan", {**at, "Limit": 1})
    yield on_table("PutItem", put)
    yield on_table("UpdateItem", update)
    yield on_table("DeleteItem", delete)
    yield on_table(
        "BatchWriteItem", {"RequestItems": {table: [{"DeleteRequest": {"Key": nobody}}]}}
    )
    for kind, action, item in (
        ("Get", "GetItem", {**at, "Key": nobody}),
        ("ConditionCheck", "ConditionCheckItem", delete),
        ("Put", "PutItem", put),
        ("Update", "UpdateItem", update),
        ("Delete", "DeleteItem", delete),
    ):
        transaction = "TransactGetItems" if kind == "Get" else "TransactWriteItems"
        yield on_table(action, {"TransactItems": [{kind: item}]}, transaction)
    for action, statement in (
        ("PartiQLSelect", f"SELECT * FROM \"{table}\" WHERE {PARTITION_KEY} = ''"),
        ("PartiQLInsert", f"INSERT INTO \"{table}\" VALUE {{'{PARTITION_KEY}': ''}}"),
        ("PartiQLUpdate", f"UPDATE \"{table}\" SET a = '' WHERE {PARTITION_KEY} = ''"),
        ("PartiQLDelete", f"DELETE FROM \"{table}\" WHERE {PARTITION_KEY} = ''"),
    ):
        yield on_table(action, {"Statement": statement}, "ExecuteStatement")
    yield on_table("DescribeTable", at)
    yield on_table("UpdateTable", at)
    for index, key in INDEXES.items():
        place, on = {**at, "IndexName": index}, f"index {index}"
        for action, arguments in (
            ("Query", {**place, "KeyConditionExpression": f"{key} = :a", **values}),
            ("Scan", {**place, "Limit": 1}),
        ):
            yield Attempt(f"dynamodb:{action}", on, f"{arn}/index/{index}", action, arguments)


def _on_archive(outputs: Mapping[str, str], own: Function, another: Function) -> Iterator[Attempt]:
    archive, access_logs = outputs["ArchiveBucketName"], outputs["AccessLogBucketName"]
    for on, bucket, key in (
        ("own prefix", archive, f"logs/function={own}/none"),
        ("another's prefix", archive, f"logs/function={another}/none"),
        ("rest of the archive", archive, "none"),
        ("access logs", access_logs, "none"),
    ):
        for action, more in (
            # There is no object that it could replace, so nothing is stored.
            ("PutObject", {"Body": b"a", "IfMatch": '"a"'}),
            ("GetObject", {}),
            ("DeleteObject", {}),
        ):
            arguments = {"Bucket": bucket, "Key": key, **more}
            yield Attempt(f"s3:{action}", on, f"arn:aws:s3:::{bucket}/{key}", action, arguments)
    for on, bucket in (("archive", archive), ("access logs", access_logs)):
        at, arn = {"Bucket": bucket}, f"arn:aws:s3:::{bucket}"
        yield Attempt("s3:ListBucket", on, arn, "ListObjectsV2", at)
        yield Attempt("s3:GetBucketPolicy", on, arn, "GetBucketPolicy", at)


def _on_parameters() -> Iterator[Attempt]:
    for on in ("config", "cursor-key", "any other"):
        name = f"{_PREFIX}/{on.replace(' ', '-')}"
        for action, more in (
            ("GetParameter", {}),
            ("GetParameterHistory", {}),
            # One that is there is not overwritten, and no type is given for one that is not.
            ("PutParameter", {"Value": "a"}),
        ):
            arguments = {"Name": name, **more}
            yield Attempt(f"ssm:{action}", on, _arn("ssm", f"parameter{name}"), action, arguments)
    other = f"{_PREFIX}/any-other"
    yield Attempt(
        "ssm:DeleteParameter",
        "any other",
        _arn("ssm", f"parameter{other}"),
        "DeleteParameter",
        {"Name": other},
    )
    names, path = {"Names": [f"{_PREFIX}/config"]}, {"Path": _PREFIX}
    yield Attempt("ssm:GetParameters", "several", "*", "GetParameters", names)
    yield Attempt("ssm:GetParametersByPath", "several", "*", "GetParametersByPath", path)


def _on_logs(outputs: Mapping[str, str], own: Function, another: Function) -> Iterator[Attempt]:
    for on, name in (("own log group", own), ("another's log group", another)):
        group = outputs[f"{name.title()}Logs"]
        for action, more in (
            ("CreateLogStream", {"logStreamName": "empty"}),
            (
                "PutLogEvents",
                {"logStreamName": "none", "logEvents": [{"timestamp": 0, "message": "a"}]},
            ),
            ("FilterLogEvents", {"limit": 1}),
            ("DeleteLogStream", {"logStreamName": "none"}),
        ):
            arn = _arn("logs", f"log-group:{group}:*")
            yield Attempt(f"logs:{action}", on, arn, action, {"logGroupName": group, **more})


def _on_network(group: str) -> Iterator[Attempt]:
    for action, arguments in {
        **_NETWORK_INTERFACES,
        "AuthorizeSecurityGroupIngress": {"GroupId": group, "IpPermissions": []},
    }.items():
        yield Attempt(f"ec2:{action}", "network", "*", action, arguments)


def _on_functions(
    outputs: Mapping[str, str], own: Function, another: Function
) -> Iterator[Attempt]:
    for on, output in (
        ("own function", f"{own.title()}Function"),
        ("another function", f"{another.title()}Function"),
        ("maker of the cursor key", "ParametersCursorKeyMaker"),
    ):
        name = outputs[output]
        for action, operation, more in (
            ("InvokeFunction", "Invoke", {"InvocationType": "DryRun"}),
            ("UpdateFunctionCode", "UpdateFunctionCode", {"ZipFile": b""}),
        ):
            arguments = {"FunctionName": name, **more}
            arn = _arn("lambda", f"function:{name}")
            yield Attempt(f"lambda:{action}", on, arn, operation, arguments)


def _on_others(outputs: Mapping[str, str], own: Function, another: Function) -> Iterator[Attempt]:
    role, anothers = (
        f"arn:aws:iam::{aws.ACCOUNT}:role/{outputs[f'{name.title()}Role']}"
        for name in (own, another)
    )
    named = {"RoleName": outputs[f"{own.title()}Role"]}
    topic, stack = outputs["AlarmTopicArn"], STAGES[STAGE].stack
    for action, on, resource, arguments in (
        ("iam:GetRole", "own role", role, named),
        (
            "iam:PutRolePolicy",
            "own role",
            role,
            {**named, "PolicyName": "a", "PolicyDocument": "-"},
        ),
        ("iam:ListRoles", "account", "*", {}),
        (
            "sts:AssumeRole",
            "another's role",
            anothers,
            {"RoleArn": anothers, "RoleSessionName": "a1"},
        ),
        ("sns:Publish", "alarms", topic, {"TopicArn": topic, "Message": ""}),
        ("cloudformation:DescribeStacks", "own stack", "*", {"StackName": stack}),
    ):
        yield Attempt(action, on, resource, action.partition(":")[2], arguments)
