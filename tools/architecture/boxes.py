"""The boxes of the architecture diagram. Every resource of the templates belongs to one."""

from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase

from common.entities import ENTITIES
from infra.spec.routes import FUNCTIONS
from tools.architecture.descriptions import (
    Description,
    cache,
    connection,
    count,
    firewall_rules,
    fixed,
    indexes,
    permissions,
    routes,
    scopes,
    subnets,
    tracing,
)
from tools.architecture.resources import Resource, Stack


class UnknownResource(Exception):
    """A resource belongs to no box; the message gives advice."""


@dataclass(frozen=True)
class Box:
    """A box of the diagram."""

    title: str
    """The title."""

    patterns: tuple[str, ...]
    """The resources in the box: patterns of CloudFormation types and of construct paths."""

    lines: tuple[Description, ...] = ()
    """The lines below the title."""

    def contains(self, resource: Resource) -> bool:
        """Return whether the box stands for a resource."""
        names = (resource.type, resource.path)
        return any(fnmatchcase(name, pattern) for name in names for pattern in self.patterns)


EDGE = (
    Box("AWS WAF", ("AWS::WAFv2::*",), (count("AWS::WAFv2::WebACL", "web ACL"), firewall_rules)),
    Box(
        "API Gateway, REST",
        ("AWS::ApiGateway::*", "Api/*/CloudWatchRole", "AWS::Lambda::Permission"),
        (
            fixed("usage plan with API keys"),
            count("AWS::ApiGateway::Model", "request model"),
            cache,
        ),
    ),
    Box(
        "Cognito",
        ("Authorization/*",),
        (
            count("AWS::Cognito::UserPool", "user pool"),
            scopes,
            fixed("clients for workers and browsers"),
        ),
    ),
)
COMPUTE = (
    *(
        Box(name, (f"{name.capitalize()}/*",), (*routes(name), permissions(name)))
        for name in FUNCTIONS
    ),
    Box("Layer", ("Layer/*",), (fixed("common: what the functions share"),)),
)
NETWORK = (
    Box(
        "VPC",
        ("Network/*",),
        (
            subnets,
            count("AWS::EC2::NatGateway", "NAT gateway"),
            count("AWS::EC2::VPCEndpoint", "endpoint"),
            count("AWS::EC2::FlowLog", "flow log"),
        ),
    ),
)
DATA = (
    *(
        Box(
            f"DynamoDB: {entity.plural}",
            (f"Table/{entity.plural_type_name}",),
            (indexes(entity), connection("dynamodb")),
        )
        for entity in ENTITIES
    ),
    Box(
        "Parameter Store",
        ("Parameters/*", "Workers/*"),
        (
            fixed("config, cursor-key, api-key"),
            fixed("keys written in AWS by functions"),
            connection("ssm"),
        ),
    ),
    Box(
        "S3: archive of log lines",
        ("Archive/*",),
        (fixed("its access logs in a second bucket"), connection("s3")),
    ),
    Box(
        "Athena",
        ("Catalog/*",),
        (fixed("the archive as a table"), count("AWS::Athena::NamedQuery", "query", "queries")),
    ),
)
OBSERVABILITY = (
    Box("CloudWatch Logs", ("AWS::Logs::LogGroup",), (count("AWS::Logs::LogGroup", "group"),)),
    Box("X-Ray", (), (tracing,)),
    Box(
        "CloudWatch",
        ("AWS::CloudWatch::*",),
        (
            count("AWS::CloudWatch::Alarm", "alarm"),
            count("AWS::CloudWatch::Dashboard", "dashboard"),
        ),
    ),
    Box("SNS", ("Monitoring/*",), (fixed("every alarm"), count("AWS::KMS::Key", "KMS key"))),
)

BOXES = (*OBSERVABILITY, *EDGE, *COMPUTE, *NETWORK, *DATA)
"""All boxes. The first box that matches wins, so every log group belongs to CloudWatch Logs."""


def check_boxes(stacks: Iterable[Stack]) -> None:
    """Check that every resource belongs to a box.

    Raises:
        UnknownResource: A resource belongs to none.
    """
    for stack in stacks:
        for resource in stack:
            if not any(box.contains(resource) for box in BOXES):
                raise UnknownResource(
                    f"{resource.type} at {resource.path} belongs to no box of the diagram. Add it"
                    " to one in tools/architecture/boxes.py and run `make diagram`."
                )
