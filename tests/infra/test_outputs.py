"""The outputs of the stack."""

import pytest

from common.entities import ENTITIES
from infra.spec import output_names
from infra.spec.routes import FUNCTIONS
from infra.spec.service import REGION
from tests.support.templates.limits import excesses
from tests.support.templates.synthesized import Synthesized

WITHOUT_IDENTITY = {
    "AWS::ApiGateway::UsagePlanKey",
    "AWS::EC2::Route",
    "AWS::EC2::SecurityGroupIngress",
    "AWS::EC2::SubnetRouteTableAssociation",
    "AWS::EC2::VPCGatewayAttachment",
    "AWS::Lambda::Permission",
    "AWS::S3::BucketPolicy",
    "AWS::SNS::TopicPolicy",
    "AWS::WAFv2::LoggingConfiguration",
    "AWS::WAFv2::WebACLAssociation",
}
"""A reference to one of these is of no use."""


@pytest.mark.mission("Ensure to output all resources created.")
def test_every_resource_is_in_the_outputs(stack: Synthesized) -> None:
    values = {
        value
        for output in stack.template["Outputs"].values()
        for value in stack.flat(output["Value"]).split(" ")
    }
    missing = {
        resource.path
        for resource in stack.resources
        if resource.type not in WITHOUT_IDENTITY and f"${{{resource.path}}}" not in values
    }
    assert missing == set()


def test_every_output_has_a_description(stack: Synthesized) -> None:
    undescribed = [n for n, o in stack.template["Outputs"].items() if not o.get("Description")]
    assert undescribed == []


@pytest.mark.parametrize(
    "name",
    [
        "AccessLogBucketName",
        "AlarmTopicArn",
        "ApiKeyId",
        "ApiKeyParameter",
        "ApiUrl",
        "ArchiveBucketName",
        "DashboardUrl",
        "DatabaseName",
        "Stage",
        "WorkerPolicyArn",
        "WorkgroupName",
        "NetworkVpc",
        "CatalogResults",
        "CreateFunction",
        "ParametersCursorKey",
        output_names.CURSOR_KEY,
        output_names.CURSOR_KEY_FUNCTION,
        output_names.API_ACCESS_LOGS,
        *(output_names.table_output(entity) for entity in ENTITIES),
        *(output_names.function_logs(function) for function in FUNCTIONS),
    ],
)
def test_the_outputs_that_scripts_use_keep_their_names(name: str, stack: Synthesized) -> None:
    assert name in stack.template["Outputs"]


def test_the_url_is_the_stages(stack: Synthesized) -> None:
    url = stack.flat(stack.template["Outputs"]["ApiUrl"]["Value"])
    assert url.startswith(f"https://${{Api/Rest}}.execute-api.{REGION}.")
    assert url.endswith(f"/${{Api/Rest/DeploymentStage.{stack.stage.name}}}/")


def test_the_stack_is_within_the_limits_of_aws(stack: Synthesized) -> None:
    assert excesses(stack) == []
