"""The outputs: everything that the stack made, by a name that people and scripts can use."""

from collections.abc import Mapping

from aws_cdk import CfnOutput, CfnResource, Stack
from constructs import Construct

NOT_LISTED = frozenset(
    {
        # Parts of another resource, without an identity that anything could be done with.
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
"""The resource types that have no output."""

_WITHOUT_MEANING = {"Resource", "Default"}


class Outputs(Construct):
    """One output per resource, with CloudFormation's reference to it, and those for scripts."""

    def __init__(
        self, scope: Construct, id_: str, *, scripts: Mapping[str, tuple[str, str]]
    ) -> None:
        """Add the outputs. Comes last: it lists what is there.

        Args:
            scope: The stack.
            id_: The construct id.
            scripts: Further outputs: name, then description and value.
        """
        super().__init__(scope, id_)
        for name, (description, value) in scripts.items():
            self._add(name, description, value)
        for resource in _resources(Stack.of(self)):
            name = _readable(resource)
            self._add(name, f"{resource.cfn_resource_type} {name}", resource.ref)

    def _add(self, name: str, description: str, value: str) -> None:
        output = CfnOutput(self, name, description=description, value=value)
        output.override_logical_id(name)


def _resources(stack: Stack) -> list[CfnResource]:
    return [
        construct
        for construct in stack.node.find_all()
        if isinstance(construct, CfnResource) and construct.cfn_resource_type not in NOT_LISTED
    ]


def _readable(resource: CfnResource) -> str:
    """The construct path within the stack, as one word."""
    parts = resource.node.path.split("/")[1:]
    words = [part for part in parts if part not in _WITHOUT_MEANING]
    return "".join(character for character in "".join(words) if character.isalnum())
