"""The VPC of the functions: nothing comes in, and only TLS goes out, if the stage lets it."""

from aws_cdk import Aws, Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from constructs import Construct

from common.entities import ENTITIES
from infra.conventions.log_groups import log_group
from infra.data.log_buckets import LogBuckets
from infra.data.parameters import Parameters
from infra.data.tables import Tables
from infra.spec.routes import ROUTES
from infra.spec.stages import Stage

_HTTPS = ec2.Port.tcp(443)
_PRIVATE = "Private"


class Network(Construct):
    """A VPC in two availability zones, with private endpoints for the services that functions call.

    Without NAT gateways, the private subnets have no route out of the VPC but the endpoints. That
    is enough for the functions: Lambda itself delivers their logs and traces, outside the VPC.

    The policy of an endpoint allows only the actions of the stack's routes, even if the
    caller's role allows more.
    """

    vpc: ec2.Vpc

    security_group: ec2.SecurityGroup
    """The security group of the functions."""

    private_subnets: ec2.SubnetSelection
    """The subnets of the functions."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        stage: Stage,
        tables: Tables,
        log_buckets: LogBuckets,
        parameters: Parameters,
    ) -> None:
        super().__init__(scope, id_)
        self.private_subnets = ec2.SubnetSelection(subnet_group_name=_PRIVATE)
        self.vpc = ec2.Vpc(
            self,
            "Vpc",
            ip_addresses=ec2.IpAddresses.cidr("10.0.0.0/16"),
            max_azs=None if stage.availability_zones else 2,
            availability_zones=list(stage.availability_zones) or None,
            nat_gateways=stage.nat_gateways,
            subnet_configuration=[
                ec2.SubnetConfiguration(
                    name="Public",
                    subnet_type=ec2.SubnetType.PUBLIC,
                    cidr_mask=24,
                    map_public_ip_on_launch=False,
                    # Only the NAT gateways are in it. Without them, its addresses stay reserved,
                    # so that the private subnets keep theirs when the setting changes.
                    reserved=not stage.has_internet,
                ),
                ec2.SubnetConfiguration(
                    name=_PRIVATE,
                    subnet_type=(
                        ec2.SubnetType.PRIVATE_WITH_EGRESS
                        if stage.has_internet
                        else ec2.SubnetType.PRIVATE_ISOLATED
                    ),
                    cidr_mask=20,
                ),
            ],
            # The CDK would do it with a custom resource in Node. Nothing uses that group.
            restrict_default_security_group=False,
        )
        self.security_group = self._add_security_group(
            "Functions", "The functions: out by TLS only"
        )
        self.security_group.add_egress_rule(ec2.Peer.any_ipv4(), _HTTPS, "AWS APIs")

        dynamodb = self._add_gateway_endpoint("DynamoDb", ec2.GatewayVpcEndpointAwsService.DYNAMODB)
        for entity in ENTITIES:
            for _, actions, resources in tables.access(entity, ROUTES):
                _allow(dynamodb, actions, resources)
        s3 = self._add_gateway_endpoint("S3", ec2.GatewayVpcEndpointAwsService.S3)
        _allow(s3, {"s3:PutObject"}, [log_buckets.archive.arn_for_objects("*")])
        if stage.has_ssm_endpoint:
            _allow(self._add_ssm_endpoint(), {"ssm:GetParameter"}, parameters.arns)
        self._add_flow_logs(stage)

    def _add_security_group(self, id_: str, description: str) -> ec2.SecurityGroup:
        return ec2.SecurityGroup(
            self, id_, vpc=self.vpc, description=description, allow_all_outbound=False
        )

    def _add_gateway_endpoint(
        self, id_: str, service: ec2.GatewayVpcEndpointAwsService
    ) -> ec2.GatewayVpcEndpoint:
        return self.vpc.add_gateway_endpoint(id_, service=service, subnets=[self.private_subnets])

    def _add_ssm_endpoint(self) -> ec2.InterfaceVpcEndpoint:
        group = self._add_security_group(
            "SsmEndpoint", "Parameter Store: in from the functions only"
        )
        group.add_ingress_rule(self.security_group, _HTTPS, "The functions")
        return self.vpc.add_interface_endpoint(
            "Ssm",
            service=ec2.InterfaceVpcEndpointAwsService.SSM,
            subnets=self.private_subnets,
            security_groups=[group],
            # By default, the CDK lets the whole VPC in.
            open=False,
        )

    def _add_flow_logs(self, stage: Stage) -> None:
        group = log_group(self, "FlowLogs", stage=stage, name=f"/{stage.prefix}/flow-logs")
        account = Stack.of(self).account
        role = iam.Role(
            self,
            "FlowLogRole",
            description="Lets VPC flow logs write to their log group",
            assumed_by=iam.ServicePrincipal(
                "vpc-flow-logs.amazonaws.com",
                conditions={"StringEquals": {"aws:SourceAccount": account}},
            ),
            inline_policies={
                "logs": iam.PolicyDocument(
                    statements=[
                        iam.PolicyStatement(
                            actions=[
                                "logs:CreateLogStream",
                                "logs:DescribeLogStreams",
                                "logs:PutLogEvents",
                            ],
                            resources=[group.log_group_arn],
                        )
                    ]
                )
            },
        )
        self.vpc.add_flow_log(
            "FlowLog",
            traffic_type=ec2.FlowLogTrafficType.ALL,
            # The role is complete; the CDK would add iam:PassRole, which it does not need.
            destination=ec2.FlowLogDestination.to_cloud_watch_logs(
                group, role.without_policy_updates()
            ),
        )


def _allow(
    endpoint: ec2.GatewayVpcEndpoint | ec2.InterfaceVpcEndpoint,
    actions: set[str],
    resources: list[str],
) -> None:
    """Allow the account's principals ``actions`` on ``resources`` through ``endpoint``."""
    endpoint.add_to_policy(
        iam.PolicyStatement(
            principals=[iam.AnyPrincipal()],
            actions=sorted(actions),
            resources=resources,
            conditions={"StringEquals": {"aws:PrincipalAccount": Aws.ACCOUNT_ID}},
        )
    )
