"""The stack outputs: one for each resource, by its construct path, and some for scripts.

If these are too many for CloudFormation, resources of some types share an output.
"""

from collections.abc import Mapping
from typing import NamedTuple

from aws_cdk import CfnOutput, CfnResource, Fn, Stack
from constructs import Construct

UNLISTED_TYPES = frozenset(
    {
        # Parts of another resource; a reference to one of them is of no use.
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
)
"""The resource types without an output."""

LIMIT = 200
"""The most outputs of a stack:
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html"""

SHARING_TYPES = (
    "AWS::ApiGateway::GatewayResponse",
    "AWS::ApiGateway::Method",
    "AWS::ApiGateway::Model",
    "AWS::ApiGateway::Resource",
    "AWS::CloudWatch::Alarm",
)
"""The resource types with one output for all resources, if there would be too many outputs. Their
resources are numerous, and no script needs the reference of one of them."""

_MEANINGLESS_PARTS = {"Resource", "Default"}


class Output(NamedTuple):
    """A stack output."""

    description: str

    value: str


class Outputs(Construct):
    """The stack outputs: the named ones, and a reference to each resource."""

    def __init__(self, scope: Construct, id_: str, *, named: Mapping[str, Output]) -> None:
        """Add the outputs. Create this construct last: it lists the resources that exist by then.

        Args:
            scope: The stack.
            id_: The construct id.
            named: The outputs with a name that scripts rely on.
        """
        super().__init__(scope, id_)
        outputs = {**named}
        resources = _resources(Stack.of(self))
        if len(outputs) + len(resources) > LIMIT:
            for type_ in SHARING_TYPES:
                shared = [each for each in resources if each.cfn_resource_type == type_]
                name = f"{''.join(type_.split('::')[1:])}s"
                outputs[name] = Output(f"All of {type_}", Fn.join(" ", [r.ref for r in shared]))
            resources = [r for r in resources if r.cfn_resource_type not in SHARING_TYPES]
        for resource in resources:
            name = _output_name(resource)
            outputs[name] = Output(f"{resource.cfn_resource_type} {name}", resource.ref)
        for name, output in outputs.items():
            self._add(name, output)

    def _add(self, name: str, output: Output) -> None:
        cfn_output = CfnOutput(self, name, description=output.description, value=output.value)
        cfn_output.override_logical_id(name)


def _resources(stack: Stack) -> list[CfnResource]:
    return [
        construct
        for construct in stack.node.find_all()
        if isinstance(construct, CfnResource) and construct.cfn_resource_type not in UNLISTED_TYPES
    ]


def _output_name(resource: CfnResource) -> str:
    """Return the construct path within the stack, as one word."""
    parts = resource.node.path.split("/")[1:]
    words = [part for part in parts if part not in _MEANINGLESS_PARTS]
    return "".join(character for character in "".join(words) if character.isalnum())
