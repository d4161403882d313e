"""The VPC of the functions, and its endpoints."""

import pytest

from infra.spec.routes import ROUTES
from infra.spec.service import REGION, SERVICE_NAME
from tests.support.templates.permissions import (
    endpoint_permissions,
    table_permissions,
    vpc_endpoint,
)
from tests.support.templates.synthesized import Synthesized


@pytest.mark.mission(
    "VPC configuration with appropriate subnets for high availability",
    "Configure VPC with at least two subnets across availability zones",
)
def test_the_network_spans_two_zones_with_public_and_private_subnets(stack: Synthesized) -> None:
    subnets = stack.all("AWS::EC2::Subnet")
    zones = {str(s.properties["AvailabilityZone"]) for s in subnets}
    subnet_types = [
        tag["Value"]
        for s in subnets
        for tag in s.properties["Tags"]
        if tag["Key"] == "aws-cdk:subnet-type"
    ]
    assert len(zones) == 2
    assert sorted(subnet_types) == ["Private", "Private", "Public", "Public"]


def test_no_subnet_assigns_public_addresses(stack: Synthesized) -> None:
    assert {s.properties["MapPublicIpOnLaunch"] for s in stack.all("AWS::EC2::Subnet")} == {False}


@pytest.mark.mission("Ensure Lambda can access both internet resources and AWS services")
def test_dev_has_one_nat_gateway_and_prod_one_per_zone(dev: Synthesized, prod: Synthesized) -> None:
    assert len(dev.all("AWS::EC2::NatGateway")) == 1
    assert len(prod.all("AWS::EC2::NatGateway")) == 2


def test_a_stage_may_choose_its_zones(variant: Synthesized) -> None:
    zones = [s.properties["AvailabilityZone"] for s in variant.all("AWS::EC2::Subnet")]
    assert zones == [f"{REGION}c", f"{REGION}d"]


def test_the_functions_reach_the_internet(stack: Synthesized) -> None:
    assert stack.stage.has_internet
    for n in (1, 2):
        route = stack.at(f"Network/Vpc/PrivateSubnet{n}/DefaultRoute").properties
        gateway = min(n, stack.stage.nat_gateways)
        assert route["DestinationCidrBlock"] == "0.0.0.0/0"
        assert route["NatGatewayId"] == f"${{Network/Vpc/PublicSubnet{gateway}/NATGateway}}"


def test_without_nat_the_functions_reach_only_the_endpoints(
    variant: Synthesized, prod: Synthesized
) -> None:
    # A route table without routes has only the local one and those of the gateway endpoints:
    # https://docs.aws.amazon.com/vpc/latest/privatelink/gateway-endpoints.html
    for type_ in ("Route", "NatGateway", "InternetGateway", "VPCGatewayAttachment", "EIP"):
        assert not variant.all(f"AWS::EC2::{type_}")
        assert prod.all(f"AWS::EC2::{type_}")
    endpoints = variant.all("AWS::EC2::VPCEndpoint")
    assert [e.path.rsplit("/")[-1] for e in endpoints] == ["DynamoDb", "S3", "Ssm"]
    for service in ("dynamodb", "s3"):
        assert vpc_endpoint(variant, service).properties["RouteTableIds"] == [
            f"${{Network/Vpc/PrivateSubnet{n}/RouteTable}}" for n in (1, 2)
        ]
    ssm = vpc_endpoint(variant, "ssm").properties
    private = [f"${{Network/Vpc/PrivateSubnet{n}/Subnet}}" for n in (1, 2)]
    assert (ssm["SubnetIds"], ssm["PrivateDnsEnabled"]) == (private, True)
    for function in variant.all("AWS::Lambda::Function", lambda p: "Layers" in p):
        assert function.properties["VpcConfig"]["SubnetIds"] == private


def test_without_nat_the_private_subnets_keep_their_ids_and_addresses(
    variant: Synthesized, prod: Synthesized
) -> None:
    def blocks(stack: Synthesized) -> dict[str, str]:
        subnets = stack.all("AWS::EC2::Subnet", lambda p: not p["MapPublicIpOnLaunch"])
        return {s.path: s.properties["CidrBlock"] for s in subnets if "Private" in s.path}

    assert blocks(variant) == blocks(prod)


@pytest.mark.mission("Operates within a VPC for network isolation")
def test_the_functions_are_in_the_private_subnets(stack: Synthesized) -> None:
    private = [f"${{Network/Vpc/PrivateSubnet{n}/Subnet}}" for n in (1, 2)]
    for function in stack.all("AWS::Lambda::Function", lambda p: "Layers" in p):
        assert function.properties["VpcConfig"] == {
            "SubnetIds": private,
            "SecurityGroupIds": ["${Network/Functions.GroupId}"],
        }


@pytest.mark.mission("Security groups controlling network access")
def test_the_functions_accept_no_connections_and_open_only_tls(stack: Synthesized) -> None:
    group = stack.at("Network/Functions").properties
    assert [
        (r["CidrIp"], r["IpProtocol"], r["FromPort"], r["ToPort"])
        for r in group["SecurityGroupEgress"]
    ] == [("0.0.0.0/0", "tcp", 443, 443)]
    assert "SecurityGroupIngress" not in group
    assert not stack.all(
        "AWS::EC2::SecurityGroupIngress", lambda p: "Network/Functions." in p["GroupId"]
    )


def test_the_dynamodb_endpoint_allows_exactly_the_actions_of_the_routes(stack: Synthesized) -> None:
    assert endpoint_permissions(stack, "dynamodb") == table_permissions(ROUTES)


def test_the_s3_endpoint_allows_only_writes_to_the_archive(stack: Synthesized) -> None:
    assert endpoint_permissions(stack, "s3") == {("s3:PutObject", "${Archive/Logs.Arn}/*")}


def test_the_gateway_endpoints_serve_this_account_in_the_private_subnets(
    stack: Synthesized,
) -> None:
    private = [f"${{Network/Vpc/PrivateSubnet{n}/RouteTable}}" for n in (1, 2)]
    for service in ("dynamodb", "s3"):
        properties = vpc_endpoint(stack, service).properties
        assert properties["RouteTableIds"] == private
        for statement in properties["PolicyDocument"]["Statement"]:
            assert statement["Condition"] == {
                "StringEquals": {"aws:PrincipalAccount": "${AWS::AccountId}"}
            }


def test_dev_has_no_interface_endpoint(dev: Synthesized) -> None:
    assert not dev.all("AWS::EC2::VPCEndpoint", lambda p: p["VpcEndpointType"] == "Interface")


def test_prods_ssm_endpoint_allows_only_reads_of_its_parameters(
    prod: Synthesized,
) -> None:
    properties = vpc_endpoint(prod, "ssm").properties
    names = f"arn:aws:ssm:{REGION}:${{AWS::AccountId}}:parameter/{SERVICE_NAME}/prod"
    assert properties["PrivateDnsEnabled"] is True
    assert properties["SecurityGroupIds"] == ["${Network/SsmEndpoint.GroupId}"]
    assert endpoint_permissions(prod, "ssm") == {
        ("ssm:GetParameter", f"{names}/config"),
        ("ssm:GetParameter", f"{names}/cursor-key"),
    }


def test_only_the_functions_reach_the_ssm_endpoint(prod: Synthesized) -> None:
    rule = prod.one("AWS::EC2::SecurityGroupIngress")
    assert rule["GroupId"] == "${Network/SsmEndpoint.GroupId}"
    assert rule["SourceSecurityGroupId"] == "${Network/Functions.GroupId}"
    assert (rule["IpProtocol"], rule["FromPort"], rule["ToPort"]) == ("tcp", 443, 443)
    assert "SecurityGroupIngress" not in prod.at("Network/SsmEndpoint").properties


def test_all_traffic_is_logged_and_the_logs_expire(stack: Synthesized) -> None:
    flow_log = stack.one("AWS::EC2::FlowLog")
    assert flow_log["TrafficType"] == "ALL"
    assert flow_log["ResourceId"] == "${Network/Vpc}"
    assert flow_log["LogGroupName"] == "${Network/FlowLogs}"
    group = stack.at("Network/FlowLogs").properties
    assert group["RetentionInDays"] == stack.stage.log_retention_days
