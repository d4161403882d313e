"""Resources that several probes deploy."""

import json

from tests.support.deployment.probed_emulator import ProbedEmulator

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


def deploy_stage_with_access_log(emulator: ProbedEmulator) -> dict[str, str] | None:
    """Deploy an API whose stage has an access log, and return the physical ids."""
    group = {"Type": "AWS::Logs::LogGroup"}
    mock = {"Type": "MOCK", "RequestTemplates": {"application/json": '{"statusCode": 200}'}}
    method = json.loads(json.dumps(API["Method"]))
    method["Properties"] |= {"Integration": mock, "HttpMethod": "GET"}
    method["Properties"].pop("RequestValidatorId")
    settings = {
        "DestinationArn": {"Fn::GetAtt": ["Group", "Arn"]},
        "Format": '{"id": "$context.requestId", "status": "$context.status"}',
    }
    return emulator.try_to_deploy(
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


def deploy_web_acl(emulator: ProbedEmulator, resource: str) -> bool:
    """Associate a web ACL with a resource, and return whether the association exists."""
    association = {
        "Type": "AWS::WAFv2::WebACLAssociation",
        "Properties": {"WebACLArn": {"Fn::GetAtt": ["Acl", "Arn"]}, "ResourceArn": resource},
    }
    if emulator.try_to_deploy({**WEB_ACL, "Association": association}) is None:
        return False
    return "WebACL" in emulator.client("wafv2").get_web_acl_for_resource(ResourceArn=resource)
