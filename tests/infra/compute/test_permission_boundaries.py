"""The security of the whole template: open ports, wide policies, TLS and encryption."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.templates.permissions import NETWORK_INTERFACE_ACTIONS
from tests.support.templates.synthesized import Properties, Resource, Synthesized, as_list

TLS = ("0.0.0.0/0", "tcp", 443, 443)
NOTHING = ("255.255.255.255/32", "icmp", 252, 86)
"""The rule by which the CDK allows no egress."""

EVERY_RESOURCE = {
    "xray:PutTelemetryRecords": "https://docs.aws.amazon.com/service-authorization/latest/"
    "reference/list_awsx-ray.html",
    "xray:PutTraceSegments": "https://docs.aws.amazon.com/service-authorization/latest/"
    "reference/list_awsx-ray.html",
    # Lambda requires these on every resource, since the interfaces do not exist yet.
    **dict.fromkeys(
        NETWORK_INTERFACE_ACTIONS,
        "https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html",
    ),
}
"""The actions that are allowed on ``*``, and the page of AWS with the reason."""


def rules(resource: Resource, direction: str) -> list[Properties]:
    return list(resource.properties.get(f"SecurityGroup{direction}", []))


def allowed(stack: Synthesized) -> Iterator[tuple[Resource, Properties]]:
    return (pair for pair in stack.statements if pair[1]["Effect"] == "Allow")


def test_no_security_group_accepts_connections_from_any_address(stack: Synthesized) -> None:
    ingress = [
        *(
            rule
            for group in stack.all("AWS::EC2::SecurityGroup")
            for rule in rules(group, "Ingress")
        ),
        *(rule.properties for rule in stack.all("AWS::EC2::SecurityGroupIngress")),
    ]
    open_ = [rule for rule in ingress if "SourceSecurityGroupId" not in rule]
    assert open_ == []


def test_egress_is_tls_only(stack: Synthesized) -> None:
    egress = [
        *(
            rule
            for group in stack.all("AWS::EC2::SecurityGroup")
            for rule in rules(group, "Egress")
        ),
        *(rule.properties for rule in stack.all("AWS::EC2::SecurityGroupEgress")),
    ]
    assert all(rules(group, "Egress") for group in stack.all("AWS::EC2::SecurityGroup"))
    assert {(r.get("CidrIp"), r["IpProtocol"], r["FromPort"], r["ToPort"]) for r in egress} <= {
        TLS,
        NOTHING,
    }


def test_nothing_is_in_the_default_security_group(stack: Synthesized) -> None:
    stack_groups = {f"${{{group.path}.GroupId}}" for group in stack.all("AWS::EC2::SecurityGroup")}
    used_groups = [
        *(
            f["VpcConfig"]["SecurityGroupIds"]
            for f in _properties(stack, "AWS::Lambda::Function")
            if "VpcConfig" in f
        ),
        *(
            e["SecurityGroupIds"]
            for e in _properties(stack, "AWS::EC2::VPCEndpoint")
            if e["VpcEndpointType"] == "Interface"
        ),
    ]
    assert used_groups
    assert all(groups and set(groups) <= stack_groups for groups in used_groups)


def test_a_bucket_policy_allows_only_aws_services(stack: Synthesized) -> None:
    principals = [
        statement["Principal"]
        for resource, statement in allowed(stack)
        if resource.type == "AWS::S3::BucketPolicy"
    ]
    assert all(principal.keys() == {"Service"} for principal in principals)


def test_only_actions_without_resource_support_are_allowed_on_every_resource(
    stack: Synthesized,
) -> None:
    actions = {
        action
        for resource, statement in allowed(stack)
        if "*" in as_list(statement.get("Resource", [])) and resource.type != "AWS::KMS::Key"
        for action in as_list(statement["Action"])
    }
    assert actions == EVERY_RESOURCE.keys()


def test_no_policy_uses_not_action_not_resource_or_not_principal(stack: Synthesized) -> None:
    assert [
        s for _, s in allowed(stack) if {"NotAction", "NotResource", "NotPrincipal"} & s.keys()
    ] == []


def test_a_policy_for_any_principal_is_limited_to_this_account(stack: Synthesized) -> None:
    for resource, statement in allowed(stack):
        if statement.get("Principal") in ("*", {"AWS": "*"}):
            condition = statement["Condition"]["StringEquals"]
            assert condition == {"aws:PrincipalAccount": "${AWS::AccountId}"}, resource.path


def test_a_policy_for_an_aws_service_is_limited_to_this_account(stack: Synthesized) -> None:
    unlimited = {
        resource.path
        for resource, statement in allowed(stack)
        if resource.type in {"AWS::KMS::Key", "AWS::SNS::TopicPolicy", "AWS::S3::BucketPolicy"}
        and "Service" in statement["Principal"]
        and "aws:SourceAccount" not in statement["Condition"]["StringEquals"]
    }
    assert unlimited == set()


def test_buckets_and_topics_require_tls(stack: Synthesized) -> None:
    protected = {
        resource.properties.get("Bucket") or resource.properties["Topics"][0]
        for resource, statement in stack.statements
        if resource.type in {"AWS::S3::BucketPolicy", "AWS::SNS::TopicPolicy"}
        and statement["Effect"] == "Deny"
        and statement["Principal"] in ("*", {"AWS": "*"})
        and statement.get("Condition") == {"Bool": {"aws:SecureTransport": "false"}}
    }
    resources = [*stack.all("AWS::S3::Bucket"), *stack.all("AWS::SNS::Topic")]
    assert protected == {f"${{{resource.path}}}" for resource in resources}


@pytest.mark.mission("Encrypted storage for all data at rest")
def test_everything_that_holds_data_is_encrypted(stack: Synthesized) -> None:
    assert all(
        t["SSESpecification"]["SSEEnabled"] for t in _properties(stack, "AWS::DynamoDB::Table")
    )
    for bucket in _properties(stack, "AWS::S3::Bucket"):
        (rule,) = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
        algorithm = rule["ServerSideEncryptionByDefault"]["SSEAlgorithm"]
        assert algorithm in {"aws:kms", "AES256"}
    for api in _properties(stack, "AWS::ApiGateway::Stage"):
        assert all(s["CacheDataEncrypted"] for s in api["MethodSettings"])
    keys = {f"${{{key.path}.Arn}}" for key in stack.all("AWS::KMS::Key")}
    assert {topic["KmsMasterKeyId"] for topic in _properties(stack, "AWS::SNS::Topic")} <= keys
    assert all(key["EnableKeyRotation"] for key in _properties(stack, "AWS::KMS::Key"))


def _properties(stack: Synthesized, type_: str) -> list[Any]:
    return [resource.properties for resource in stack.all(type_)]
