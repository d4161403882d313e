"""The permissions that a template's roles and VPC endpoints grant."""

from collections.abc import Iterable

from infra.spec.routes import Route
from tests.support.templates.synthesized import Resource, Synthesized, as_list
from tests.support.templates.tables import index_names, table_path

NETWORK_INTERFACE_ACTIONS = {
    "ec2:AssignPrivateIpAddresses",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:UnassignPrivateIpAddresses",
}
"""The actions that Lambda needs to join a function to the VPC."""

Permission = tuple[str, str]
"""An action and the resource that it applies to."""


def table_permissions(routes: Iterable[Route]) -> set[Permission]:
    """Return the permissions that routes need: each for the table of its entity only."""
    return {
        (action, resource)
        for route in routes
        for table in [f"${{{table_path(route.entity)}.Arn}}"]
        for action, resource in [
            *((action, table) for action in route.table),
            *(
                (action, f"{table}/index/{name}")
                for action in route.indexes
                for name in index_names(route.entity)
            ),
        ]
    }


def role_permissions(stack: Synthesized, role: str, effect: str = "Allow") -> set[Permission]:
    """Return each permission that the policies of the role at a construct path allow or deny."""
    return {
        (action, resource)
        for policy in stack.at(role).properties["Policies"]
        for statement in policy["PolicyDocument"]["Statement"]
        if statement["Effect"] == effect
        for action in as_list(statement["Action"])
        for resource in as_list(statement["Resource"])
    }


def vpc_endpoint(stack: Synthesized, service: str) -> Resource:
    """Return the VPC endpoint of an AWS service, such as ``dynamodb``."""
    (endpoint,) = stack.all(
        "AWS::EC2::VPCEndpoint", lambda p: p["ServiceName"].endswith(f".{service}")
    )
    return endpoint


def endpoint_permissions(stack: Synthesized, service: str) -> set[Permission]:
    """Return each permission that the policy of a service's VPC endpoint lets through."""
    return {
        (action, resource)
        for statement in vpc_endpoint(stack, service).properties["PolicyDocument"]["Statement"]
        for action in as_list(statement["Action"])
        for resource in as_list(statement["Resource"])
    }
