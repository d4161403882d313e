"""Calls to AWS that test the permissions of the functions' roles.

The table of routes defines which of these calls each role should allow.
"""

import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from common.crud.entity import Entity
from common.crud.keys import indexes
from common.entities import ENTITIES
from infra.spec.output_names import table_output
from infra.spec.routes import FUNCTIONS, Function, routes_of
from infra.spec.service import REGION, SERVICE_NAME
from infra.spec.stages import STAGES
from local import aws
from local.deploy import STAGE

DENIALS = {
    "AccessDenied",
    "AccessDeniedException",
    "AuthorizationError",
    "UnauthorizedOperation",
}

_PREFIX = f"/{SERVICE_NAME}/{STAGE}"
# No resource has these ids.
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
    """A call that a function's role may allow. An allowed call does no harm."""

    action: str
    """The IAM action that the call needs; its prefix is also boto3's name for the service."""

    target: str
    """A description of the resource; all functions share the same words."""

    resource: str
    """The ARN that IAM checks the action against."""

    operation: str
    """The operation of the AWS API."""

    arguments: Mapping[str, Any]
    """The operation's arguments, in boto3's form."""

    plural_target: str = ""
    """A description of all resources of the same kind, if there are several."""

    @property
    def permission(self) -> tuple[str, str]:
        """The action and its target."""
        return self.action, self.target

    def is_allowed(self, client_for: Callable[[str], Any]) -> bool:
        """Return whether AWS authorizes the call; any other error counts as authorized.

        Args:
            client_for: Creates a boto3 client for a service, with the credentials to test.
        """
        client = client_for(self.action.partition(":")[0])
        (method,) = (n for n, o in client.meta.method_to_api_mapping.items() if o == self.operation)
        try:
            getattr(client, method)(**self.arguments)
        except ClientError as error:
            return error.response["Error"]["Code"] not in DENIALS
        return True


def expected_permissions(function: Function) -> set[tuple[str, str]]:
    """Return the permissions that the table of routes gives a function."""
    routes = routes_of(function)
    return {
        *((action, _table(route.entity)) for route in routes for action in route.table),
        *(
            (action, _index(route.entity, name))
            for route in routes
            for action in route.indexes
            for name in indexes(route.entity)
        ),
        *(
            ("ssm:GetParameter", parameter)
            for route in routes
            for parameter in route.ssm_parameters
        ),
        ("s3:PutObject", "own prefix"),
        ("logs:CreateLogStream", "own log group"),
        ("logs:PutLogEvents", "own log group"),
        # Lambda joins the VPC with the role. A deny stops the function's own code, but the
        # emulator does not distinguish the code from Lambda.
        *((f"ec2:{action}", "network") for action in _NETWORK_INTERFACES),
    }


def attempts(outputs: Mapping[str, str], function: Function) -> list[Attempt]:
    """Return every call to try with the credentials of a function.

    Args:
        outputs: The outputs of the stack.
        function: The function.
    """
    another = next(name for name in FUNCTIONS if name != function)
    return [
        *(
            attempt
            for entity in ENTITIES
            for attempt in _table_attempts(entity, outputs[table_output(entity)])
        ),
        *_archive_attempts(outputs, function, another),
        *_parameter_attempts(),
        *_log_attempts(outputs, function, another),
        *_network_attempts(outputs["NetworkFunctions"]),
        *_function_attempts(outputs, function, another),
        *_other_attempts(outputs, function, another),
    ]


def _table(entity: Entity) -> str:
    return f"table of {entity.plural}"


def _index(entity: Entity, name: str) -> str:
    return f"index {name} of {entity.plural}"


def _arn(service: str, resource: str) -> str:
    return f"arn:aws:{service}:{REGION}:{aws.ACCOUNT}:{resource}"


def _table_attempts(entity: Entity, table: str) -> Iterator[Attempt]:
    arn, id_field = _arn("dynamodb", f"table/{table}"), entity.id_field
    # No item has this id, so every condition fails.
    missing_key = {id_field: {"S": str(uuid.uuid4())}}
    values = {"ExpressionAttributeValues": {":a": {"S": "a"}}}
    at = {"TableName": table}
    if_exists = {**at, "ConditionExpression": f"attribute_exists({id_field})"}
    put = {**if_exists, "Item": missing_key}
    update = {**if_exists, "Key": missing_key, "UpdateExpression": "SET a = :a", **values}
    delete = {**if_exists, "Key": missing_key}

    def attempt(action: str, arguments: Mapping[str, Any], operation: str = "") -> Attempt:
        return Attempt(
            f"dynamodb:{action}",
            _table(entity),
            arn,
            operation or action,
            arguments,
            "each table",
        )

    yield attempt("GetItem", {**at, "Key": missing_key})
    yield attempt("BatchGetItem", {"RequestItems": {table: {"Keys": [missing_key]}}})
    yield attempt("Query", {**at, "KeyConditionExpression": f"{id_field} = :a", **values})
    yield attempt("Scan", {**at, "Limit": 1})
    yield attempt("PutItem", put)
    yield attempt("UpdateItem", update)
    yield attempt("DeleteItem", delete)
    yield attempt(
        "BatchWriteItem", {"RequestItems": {table: [{"DeleteRequest": {"Key": missing_key}}]}}
    )
    for kind, action, item in (
        ("Get", "GetItem", {**at, "Key": missing_key}),
        ("ConditionCheck", "ConditionCheckItem", delete),
        ("Put", "PutItem", put),
        ("Update", "UpdateItem", update),
        ("Delete", "DeleteItem", delete),
    ):
        transaction = "TransactGetItems" if kind == "Get" else "TransactWriteItems"
        yield attempt(action, {"TransactItems": [{kind: item}]}, transaction)
    for action, statement in (
        ("PartiQLSelect", f"SELECT * FROM \"{table}\" WHERE {id_field} = ''"),
        ("PartiQLInsert", f"INSERT INTO \"{table}\" VALUE {{'{id_field}': ''}}"),
        ("PartiQLUpdate", f"UPDATE \"{table}\" SET a = '' WHERE {id_field} = ''"),
        ("PartiQLDelete", f"DELETE FROM \"{table}\" WHERE {id_field} = ''"),
    ):
        yield attempt(action, {"Statement": statement}, "ExecuteStatement")
    yield attempt("DescribeTable", at)
    yield attempt("UpdateTable", at)
    for index, key in indexes(entity).items():
        in_index = {**at, "IndexName": index}
        for action, arguments in (
            ("Query", {**in_index, "KeyConditionExpression": f"{key} = :a", **values}),
            ("Scan", {**in_index, "Limit": 1}),
        ):
            yield Attempt(
                f"dynamodb:{action}",
                _index(entity, index),
                f"{arn}/index/{index}",
                action,
                arguments,
                "each index",
            )


def _archive_attempts(
    outputs: Mapping[str, str], own: Function, another: Function
) -> Iterator[Attempt]:
    archive, access_logs = outputs["ArchiveBucketName"], outputs["AccessLogBucketName"]
    for target, bucket, key in (
        ("own prefix", archive, f"logs/function={own}/none"),
        ("another's prefix", archive, f"logs/function={another}/none"),
        ("rest of the archive", archive, "none"),
        ("access logs", access_logs, "none"),
    ):
        for action, more in (
            # No object has this ETag, so nothing is stored.
            ("PutObject", {"Body": b"a", "IfMatch": '"a"'}),
            ("GetObject", {}),
            ("DeleteObject", {}),
        ):
            arguments = {"Bucket": bucket, "Key": key, **more}
            yield Attempt(f"s3:{action}", target, f"arn:aws:s3:::{bucket}/{key}", action, arguments)
    for target, bucket in (("archive", archive), ("access logs", access_logs)):
        at, arn = {"Bucket": bucket}, f"arn:aws:s3:::{bucket}"
        yield Attempt("s3:ListBucket", target, arn, "ListObjectsV2", at)
        yield Attempt("s3:GetBucketPolicy", target, arn, "GetBucketPolicy", at)


def _parameter_attempts() -> Iterator[Attempt]:
    for target in ("config", "cursor-key", "api-key", "any other"):
        name = f"{_PREFIX}/{target.replace(' ', '-')}"
        for action, more in (
            ("GetParameter", {}),
            ("GetParameterHistory", {}),
            # An existing parameter is not overwritten, and a new one would need a type.
            ("PutParameter", {"Value": "a"}),
        ):
            arguments = {"Name": name, **more}
            yield Attempt(
                f"ssm:{action}", target, _arn("ssm", f"parameter{name}"), action, arguments
            )
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


def _log_attempts(
    outputs: Mapping[str, str], own: Function, another: Function
) -> Iterator[Attempt]:
    for target, name in (("own log group", own), ("another's log group", another)):
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
            yield Attempt(f"logs:{action}", target, arn, action, {"logGroupName": group, **more})


def _network_attempts(group: str) -> Iterator[Attempt]:
    for action, arguments in {
        **_NETWORK_INTERFACES,
        "AuthorizeSecurityGroupIngress": {"GroupId": group, "IpPermissions": []},
    }.items():
        yield Attempt(f"ec2:{action}", "network", "*", action, arguments)


def _function_attempts(
    outputs: Mapping[str, str], own: Function, another: Function
) -> Iterator[Attempt]:
    for target, output in (
        ("own function", f"{own.title()}Function"),
        ("another function", f"{another.title()}Function"),
        ("function of the cursor key", "ParametersCursorKeyMaker"),
    ):
        name = outputs[output]
        for action, operation, more in (
            ("InvokeFunction", "Invoke", {"InvocationType": "DryRun"}),
            ("UpdateFunctionCode", "UpdateFunctionCode", {"ZipFile": b""}),
        ):
            arguments = {"FunctionName": name, **more}
            arn = _arn("lambda", f"function:{name}")
            yield Attempt(f"lambda:{action}", target, arn, operation, arguments)


def _other_attempts(
    outputs: Mapping[str, str], own: Function, another: Function
) -> Iterator[Attempt]:
    role, other_role = (
        f"arn:aws:iam::{aws.ACCOUNT}:role/{outputs[f'{name.title()}Role']}"
        for name in (own, another)
    )
    named = {"RoleName": outputs[f"{own.title()}Role"]}
    topic, stack = outputs["AlarmTopicArn"], STAGES[STAGE].stack
    for action, target, resource, arguments in (
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
            other_role,
            {"RoleArn": other_role, "RoleSessionName": "a1"},
        ),
        ("sns:Publish", "alarms", topic, {"TopicArn": topic, "Message": ""}),
        ("cloudformation:DescribeStacks", "own stack", "*", {"StackName": stack}),
    ):
        yield Attempt(action, target, resource, action.partition(":")[2], arguments)
