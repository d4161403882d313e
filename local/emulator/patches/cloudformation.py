"""CloudFormation: create the resource types that the emulator rejects, apply what it drops.

The handlers call the emulator's own API, so that the AWS command line shows the result.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ministack.services import cloudwatch_logs
from ministack.services.cloudformation import provisioners, stacks

from local.emulator.wrapping import Wrapper, wrap

Properties = Mapping[str, Any]
Attributes = Mapping[str, Any]
Client = Callable[[str], Any]
"""Return a client for a service of the emulator."""


@dataclass(frozen=True)
class MissingType:
    """A resource type that the emulator rejects, or does not create.

    A changed property replaces the resource: the emulator creates the new one, and deletes the
    old one once the update has succeeded.
    """

    type: str
    """The CloudFormation type."""
    create: Callable[[Client, Properties], tuple[str, Attributes]]
    """Create the resource; return its physical id (``Ref``) and its attributes."""
    delete: Callable[[Client, str, Properties], None]
    """Delete the resource with the physical id."""


@dataclass(frozen=True)
class IncompleteType:
    """A resource type that the emulator provisions without some of its properties."""

    type: str
    """The CloudFormation type."""
    complete: Callable[[Client, str, Properties], None]
    """Apply the properties to the resource with the physical id.

    Called after the emulator has created or updated the resource.
    """


def _allocate_address(client: Client, props: Properties) -> tuple[str, Attributes]:
    address = client("ec2").allocate_address(
        Domain=props["Domain"], TagSpecifications=_tag_specifications("elastic-ip", props)
    )
    ip = address["PublicIp"]
    return ip, {"AllocationId": address["AllocationId"], "PublicIp": ip}


def _release_address(client: Client, public_ip: str, _: Properties) -> None:
    ec2 = client("ec2")
    for address in ec2.describe_addresses()["Addresses"]:
        if address["PublicIp"] == public_ip:
            ec2.release_address(AllocationId=address["AllocationId"])


def _create_nat_gateway(client: Client, props: Properties) -> tuple[str, Attributes]:
    gateway = client("ec2").create_nat_gateway(
        SubnetId=props["SubnetId"],
        AllocationId=props["AllocationId"],
        TagSpecifications=_tag_specifications("natgateway", props),
    )["NatGateway"]["NatGatewayId"]
    return gateway, {"NatGatewayId": gateway}


def _delete_nat_gateway(client: Client, gateway: str, _: Properties) -> None:
    client("ec2").delete_nat_gateway(NatGatewayId=gateway)


def _create_flow_log(client: Client, props: Properties) -> tuple[str, Attributes]:
    unchanged = {name: props[name] for name in props if name not in ("ResourceId", "Tags")}
    (flow_log,) = client("ec2").create_flow_logs(
        ResourceIds=[props["ResourceId"]],
        TagSpecifications=_tag_specifications("vpc-flow-log", props),
        **unchanged,
    )["FlowLogIds"]
    return flow_log, {"Id": flow_log}


def _delete_flow_log(client: Client, flow_log: str, _: Properties) -> None:
    client("ec2").delete_flow_logs(FlowLogIds=[flow_log])


def _allow_ingress(client: Client, props: Properties) -> tuple[str, Attributes]:
    source = {"GroupId": props["SourceSecurityGroupId"], "Description": props["Description"]}
    rule = {name: props[name] for name in ("IpProtocol", "FromPort", "ToPort")}
    client("ec2").authorize_security_group_ingress(
        GroupId=props["GroupId"], IpPermissions=[{**rule, "UserIdGroupPairs": [source]}]
    )
    return f"{props['GroupId']}|{props['SourceSecurityGroupId']}|{props['FromPort']}", {}


def _revoke_ingress(client: Client, _: str, props: Properties) -> None:
    source = {"GroupId": props["SourceSecurityGroupId"]}
    rule = {name: props[name] for name in ("IpProtocol", "FromPort", "ToPort")}
    client("ec2").revoke_security_group_ingress(
        GroupId=props["GroupId"], IpPermissions=[{**rule, "UserIdGroupPairs": [source]}]
    )


def _tag_specifications(type_: str, props: Properties) -> list[dict[str, Any]]:
    return [{"ResourceType": type_, "Tags": props["Tags"]}] if props.get("Tags") else []


def _create_request_validator(client: Client, props: Properties) -> tuple[str, Attributes]:
    validator = client("apigateway").create_request_validator(
        restApiId=props["RestApiId"],
        name=props.get("Name", ""),
        validateRequestBody=props["ValidateRequestBody"],
        validateRequestParameters=props["ValidateRequestParameters"],
    )["id"]
    return validator, {"RequestValidatorId": validator}


def _delete_request_validator(client: Client, validator: str, props: Properties) -> None:
    client("apigateway").delete_request_validator(
        restApiId=props["RestApiId"], requestValidatorId=validator
    )


def _associate_web_acl(client: Client, props: Properties) -> tuple[str, Attributes]:
    acl, resource = props["WebACLArn"], props["ResourceArn"]
    client("wafv2").associate_web_acl(WebACLArn=acl, ResourceArn=resource)
    return f"{resource}|{acl}", {}


def _disassociate_web_acl(client: Client, association: str, _: Properties) -> None:
    client("wafv2").disassociate_web_acl(ResourceArn=association.split("|")[0])


def _create_waf_logging(_: Client, props: Properties) -> tuple[str, Attributes]:
    return props["ResourceArn"], {}


def _delete_waf_logging(_client: Client, _acl: str, _: Properties) -> None:
    """Do nothing, since nothing was created."""


def _create_named_query(client: Client, props: Properties) -> tuple[str, Attributes]:
    query = client("athena").create_named_query(**props)["NamedQueryId"]
    return query, {"NamedQueryId": query}


def _delete_named_query(client: Client, query: str, _: Properties) -> None:
    client("athena").delete_named_query(NamedQueryId=query)


MISSING_TYPES = (
    # No effect: the functions are processes of this machine, outside the VPC.
    MissingType("AWS::EC2::EIP", _allocate_address, _release_address),
    MissingType("AWS::EC2::NatGateway", _create_nat_gateway, _delete_nat_gateway),
    MissingType("AWS::EC2::FlowLog", _create_flow_log, _delete_flow_log),
    MissingType("AWS::EC2::SecurityGroupIngress", _allow_ingress, _revoke_ingress),
    # No effect: the emulator's WAF writes no log.
    MissingType("AWS::WAFv2::LoggingConfiguration", _create_waf_logging, _delete_waf_logging),
    # The emulator accepts these types, but creates nothing.
    MissingType(
        "AWS::ApiGateway::RequestValidator", _create_request_validator, _delete_request_validator
    ),
    MissingType("AWS::WAFv2::WebACLAssociation", _associate_web_acl, _disassociate_web_acl),
    # The emulator's Athena has named queries, but its CloudFormation does not.
    MissingType("AWS::Athena::NamedQuery", _create_named_query, _delete_named_query),
)


def _complete_table(client: Client, table: str, props: Properties) -> None:
    dynamodb = client("dynamodb")
    if ttl := props.get("TimeToLiveSpecification"):
        dynamodb.update_time_to_live(TableName=table, TimeToLiveSpecification=ttl)
    if recovery := props.get("PointInTimeRecoverySpecification"):
        dynamodb.update_continuous_backups(
            TableName=table, PointInTimeRecoverySpecification=recovery
        )
    if encryption := props.get("SSESpecification"):
        dynamodb.update_table(
            TableName=table, SSESpecification={"Enabled": encryption["SSEEnabled"]}
        )


def _complete_bucket(client: Client, bucket: str, props: Properties) -> None:
    s3 = client("s3")
    if encryption := props.get("BucketEncryption"):
        s3.put_bucket_encryption(
            Bucket=bucket,
            ServerSideEncryptionConfiguration={
                "Rules": [
                    _encryption_rule(rule)
                    for rule in encryption["ServerSideEncryptionConfiguration"]
                ]
            },
        )
    if lifecycle := props.get("LifecycleConfiguration"):
        s3.put_bucket_lifecycle_configuration(
            Bucket=bucket,
            LifecycleConfiguration={"Rules": [_lifecycle_rule(r) for r in lifecycle["Rules"]]},
        )


def _encryption_rule(rule: Properties) -> dict[str, Any]:
    """Convert a rule from CloudFormation's form to that of the S3 API."""
    default = dict(rule["ServerSideEncryptionByDefault"])
    if default["SSEAlgorithm"] == "aws:kms":
        # AWS uses this key if none is named.
        default.setdefault("KMSMasterKeyID", "alias/aws/s3")
    return {
        "ApplyServerSideEncryptionByDefault": default,
        "BucketKeyEnabled": rule.get("BucketKeyEnabled", False),
    }


def _lifecycle_rule(rule: Properties) -> dict[str, Any]:
    """Convert a rule from CloudFormation's form to that of the S3 API."""
    api: dict[str, Any] = {
        "ID": rule.get("Id", ""),
        "Status": rule["Status"],
        "Filter": {"Prefix": rule.get("Prefix", "")},
    }
    if days := rule.get("ExpirationInDays"):
        api["Expiration"] = {"Days": days}
    if transitions := rule.get("Transitions"):
        api["Transitions"] = [
            {"Days": t["TransitionInDays"], "StorageClass": t["StorageClass"]} for t in transitions
        ]
    for name in ("NoncurrentVersionExpiration", "AbortIncompleteMultipartUpload"):
        if name in rule:
            api[name] = rule[name]
    return api


def _complete_method(client: Client, _: str, props: Properties) -> None:
    if validator := props.get("RequestValidatorId"):
        client("apigateway").update_method(
            restApiId=props["RestApiId"],
            resourceId=props["ResourceId"],
            httpMethod=props["HttpMethod"],
            patchOperations=[{"op": "replace", "path": "/requestValidatorId", "value": validator}],
        )


def _complete_stage(client: Client, stage: str, props: Properties) -> None:
    if settings := props.get("AccessLogSetting"):
        client("apigateway").update_stage(
            restApiId=props["RestApiId"],
            stageName=stage,
            patchOperations=[
                {"op": "replace", "path": f"/accessLogSettings/{name}", "value": settings[key]}
                for name, key in (("destinationArn", "DestinationArn"), ("format", "Format"))
            ],
        )


INCOMPLETE_TYPES = (
    # Without its validator, a method accepts every request.
    IncompleteType("AWS::ApiGateway::Method", _complete_method),
    # The access log needs its destination and its format.
    IncompleteType("AWS::ApiGateway::Stage", _complete_stage),
    # Items must expire here too: with the TTL attribute, the emulator deletes expired items.
    IncompleteType("AWS::DynamoDB::Table", _complete_table),
    # The responses for objects show the encryption of their bucket.
    IncompleteType("AWS::S3::Bucket", _complete_bucket),
)


def complete_resource_types(client: Client) -> None:
    """Register the handlers of all types with the emulator.

    Args:
        client: Creates the clients with which the handlers call the emulator.
    """
    handlers = provisioners._RESOURCE_HANDLERS
    for missing in MISSING_TYPES:
        handlers[missing.type] = _handler(client, missing)
    for incomplete in INCOMPLETE_TYPES:
        handlers[incomplete.type] = _completed_handler(
            client, incomplete, handlers[incomplete.type]
        )
    types = {each.type for each in (*MISSING_TYPES, *INCOMPLETE_TYPES)}

    @wrap(stacks, "_runs_on_worker_thread")
    def runs_on_worker_thread(native: Wrapper, type_: str) -> bool:
        # The event loop has to stay free to serve the handlers' calls.
        return type_ in types or native(type_)


def _handler(client: Client, missing: MissingType) -> dict[str, Any]:
    return {
        "create": lambda _logical_id, props, _stack: missing.create(client, props),
        "delete": lambda physical_id, props: missing.delete(client, physical_id, props),
    }


def _completed_handler(
    client: Client, incomplete: IncompleteType, native: Mapping[str, Any]
) -> dict[str, Any]:
    def create(logical_id: str, props: Properties, stack: str) -> tuple[str, Attributes]:
        physical_id, attributes = native["create"](logical_id, props, stack)
        incomplete.complete(client, physical_id, props)
        return physical_id, attributes

    def update(
        physical_id: str, old: Properties, new: Properties, *context: str
    ) -> tuple[str, Attributes]:
        physical_id, attributes = native["update"](physical_id, old, new, *context)
        incomplete.complete(client, physical_id, new)
        return physical_id, attributes

    return {**native, "create": create, "update": update}


def refuse_existing_log_groups() -> None:
    """Fail to create a log group that exists. The emulator takes it over, and empties it.

    A stack that retains its log groups cannot be created again, unless it imports them.
    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/import-resources-automatically.html
    """
    handler = provisioners._RESOURCE_HANDLERS["AWS::Logs::LogGroup"]
    native = handler["create"]

    def create(logical_id: str, props: dict[str, Any], stack: str) -> Any:
        name = props.get("LogGroupName")
        if name in cloudwatch_logs._log_groups:
            raise ValueError(
                f"Resource of type 'AWS::Logs::LogGroup' with identifier '{name}' already exists."
            )
        return native(logical_id, props, stack)

    handler["create"] = create
