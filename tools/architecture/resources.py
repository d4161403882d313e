"""The resources of a synthesized template."""

from collections.abc import Mapping
from typing import Any, NamedTuple

Template = Mapping[str, Any]
"""A CloudFormation template."""


class Resource(NamedTuple):
    """A resource of a template."""

    path: str
    """The construct path within the stack, without the CDK's ``/Resource``."""

    type: str
    """The CloudFormation type."""

    properties: Mapping[str, Any]
    """The properties."""


Stack = tuple[Resource, ...]
"""The resources of a template."""


def resources(template: Template) -> Stack:
    """Return the resources of a template."""
    return tuple(
        Resource(
            definition["Metadata"]["aws:cdk:path"].split("/", 1)[1].removesuffix("/Resource"),
            definition["Type"],
            definition.get("Properties", {}),
        )
        for definition in template["Resources"].values()
    )


def of_type(stack: Stack, type_: str) -> list[Resource]:
    """Return the resources of a CloudFormation type."""
    return [resource for resource in stack if resource.type == type_]
