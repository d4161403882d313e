"""Probes of resource types: CloudFormation creates them, with all of their properties."""

import uuid

from infra.spec.service import REGION
from local import aws
from tests.local.emulator.probes.resources import (
    API,
    WEB_ACL,
    deploy_stage_with_access_log,
    deploy_web_acl,
)
from tests.support.deployment.probed_emulator import ProbedEmulator

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


def has_addresses(emulator: ProbedEmulator) -> bool:
    ids = emulator.try_to_deploy({"Address": ADDRESS})
    addresses = emulator.client("ec2").describe_addresses()["Addresses"]
    return ids is not None and ids["Address"] in {address["PublicIp"] for address in addresses}


def has_nat_gateways(emulator: ProbedEmulator) -> bool:
    ids = emulator.try_to_deploy(NETWORK)
    gateways = emulator.client("ec2").describe_nat_gateways()["NatGateways"]
    return ids is not None and ids["Nat"] in {each["NatGatewayId"] for each in gateways}


def has_flow_logs(emulator: ProbedEmulator) -> bool:
    ids = emulator.try_to_deploy(FLOW_LOG)
    flow_logs = emulator.client("ec2").describe_flow_logs()["FlowLogs"]
    return ids is not None and ids["FlowLog"] in {each["FlowLogId"] for each in flow_logs}


def has_named_queries(emulator: ProbedEmulator) -> bool:
    ids = emulator.try_to_deploy(QUERY)
    return ids is not None and ids["Query"] in named_queries(emulator)


def named_queries(emulator: ProbedEmulator) -> dict[str, str]:
    """Return the SQL of all named queries, by their ids."""
    athena = emulator.client("athena")
    return {
        id_: athena.get_named_query(NamedQueryId=id_)["NamedQuery"]["QueryString"]
        for id_ in athena.list_named_queries()["NamedQueryIds"]
    }


def has_validators(emulator: ProbedEmulator) -> bool:
    ids = emulator.try_to_deploy(API)
    assert ids
    gateway = emulator.client("apigateway")
    validators = gateway.get_request_validators(restApiId=ids["Api"])["items"]
    return ids["Validator"] in {each["id"] for each in validators}


def binds_validators(emulator: ProbedEmulator) -> bool:
    ids = emulator.try_to_deploy(API)
    assert ids
    gateway = emulator.client("apigateway")
    root = gateway.get_resources(restApiId=ids["Api"])["items"][0]["id"]
    method = gateway.get_method(restApiId=ids["Api"], resourceId=root, httpMethod="POST")
    return "requestValidatorId" in method


def takes_waf_logging(emulator: ProbedEmulator) -> bool:
    logging = {
        "Type": "AWS::WAFv2::LoggingConfiguration",
        "Properties": {
            "ResourceArn": {"Fn::GetAtt": ["Acl", "Arn"]},
            "LogDestinationConfigs": [
                f"arn:aws:logs:{REGION}:{aws.ACCOUNT}:log-group:aws-waf-logs-probe"
            ],
        },
    }
    return emulator.try_to_deploy({**WEB_ACL, "Logging": logging}) is not None


def associates_web_acls(emulator: ProbedEmulator) -> bool:
    arn = f"arn:aws:apigateway:{REGION}::/restapis/other/stages/probe"
    return deploy_web_acl(emulator, arn)


def keeps_access_log_settings(emulator: ProbedEmulator) -> bool:
    ids = deploy_stage_with_access_log(emulator)
    assert ids
    stage = emulator.client("apigateway").get_stage(restApiId=ids["Api"], stageName="probe")
    return "format" in stage.get("accessLogSettings", {})


def expires_items(emulator: ProbedEmulator) -> bool:
    ids = emulator.try_to_deploy(TABLE)
    assert ids
    dynamodb = emulator.client("dynamodb")
    description = dynamodb.describe_time_to_live(TableName=ids["Table"])
    return bool(description["TimeToLiveDescription"]["TimeToLiveStatus"] == "ENABLED")


def encrypts_objects(emulator: ProbedEmulator) -> bool:
    ids = emulator.try_to_deploy(BUCKET)
    assert ids
    s3 = emulator.client("s3")
    s3.put_object(Bucket=ids["Bucket"], Key="a", Body=b"a")
    encryption = s3.head_object(Bucket=ids["Bucket"], Key="a").get("ServerSideEncryption")
    return bool(encryption == "aws:kms")


def refuses_existing_log_groups(emulator: ProbedEmulator) -> bool:
    name = f"/probe/{uuid.uuid4().hex[:8]}"
    group = {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": name}}
    emulator.client("logs").create_log_group(logGroupName=name)
    return emulator.try_to_deploy({"Group": group}) is None


def has_ingress_rules(emulator: ProbedEmulator) -> bool:
    group = {
        "Type": "AWS::EC2::SecurityGroup",
        "Properties": {"VpcId": {"Ref": "Vpc"}, "GroupDescription": "probe"},
    }
    rule = {
        "Type": "AWS::EC2::SecurityGroupIngress",
        "Properties": {
            "Description": "probe",
            "GroupId": {"Fn::GetAtt": ["Group", "GroupId"]},
            "SourceSecurityGroupId": {"Fn::GetAtt": ["Source", "GroupId"]},
            "IpProtocol": "tcp",
            "FromPort": 443,
            "ToPort": 443,
        },
    }
    ids = emulator.try_to_deploy({"Vpc": VPC, "Group": group, "Source": group, "Rule": rule})
    if ids is None:
        return False
    (described,) = emulator.client("ec2").describe_security_groups(GroupIds=[ids["Group"]])[
        "SecurityGroups"
    ]
    pairs = [pair for rule in described["IpPermissions"] for pair in rule["UserIdGroupPairs"]]
    return [pair["GroupId"] for pair in pairs] == [ids["Source"]]
