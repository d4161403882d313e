"""Synthesize a stage's stack, and query the template."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from aws_cdk import App, Environment

from infra.spec.paths import PROJECT
from infra.spec.service import REGION
from infra.spec.stages import Stage
from infra.stack import ServiceStack

# The CDK CLI sets the second key too; the tests find resources by their construct paths.
_CONTEXT = {
    **json.loads((PROJECT / "cdk.json").read_text())["context"],
    "aws:cdk:enable-path-metadata": True,
}

Properties = Mapping[str, Any]


@dataclass(frozen=True)
class Resource:
    """One resource of a template."""

    path: str
    """The construct path within the stack, without the CDK's ``/Resource``."""

    type: str
    """The CloudFormation type."""

    properties: Properties
    """The properties; references are text like ``${Archive/Logs.Arn}``."""

    definition: Mapping[str, Any]
    """The whole resource, as the template has it."""


@dataclass(frozen=True)
class Synthesized:
    """The CDK's output for one stage."""

    stage: Stage

    template: Mapping[str, Any]
    """The CloudFormation template."""

    assembly: Path
    """The folder of the cloud assembly."""

    warnings: tuple[str, ...]
    """The CDK's complaints."""

    termination_protection: bool
    """True if CloudFormation refuses to delete the stack."""

    @cached_property
    def resources(self) -> tuple[Resource, ...]:
        return tuple(
            Resource(
                path=self._path(logical_id),
                type=definition["Type"],
                properties=self.flat(definition.get("Properties", {})),
                definition=definition,
            )
            for logical_id, definition in self.template["Resources"].items()
        )

    def all(
        self, type_: str, where: Callable[[Properties], object] = lambda _: True
    ) -> list[Resource]:
        """Return the resources of a type whose properties fulfil ``where``."""
        return [r for r in self.resources if r.type == type_ and where(r.properties)]

    def at(self, path: str) -> Resource:
        """Return the resource at a construct path."""
        (match,) = (resource for resource in self.resources if resource.path == path)
        return match

    def one(self, type_: str, where: Callable[[Properties], object] = lambda _: True) -> Properties:
        """Return the properties of the only resource of a type that fulfils ``where``."""
        (resource,) = self.all(type_, where)
        return resource.properties

    def flat(self, value: Any) -> Any:
        """Replace each intrinsic function in ``value`` with readable text."""
        match value:
            case {"Ref": str(name), **rest} if not rest:
                return f"${{{self._path(name)}}}"
            case {"Fn::GetAtt": [str(name), str(attribute)], **rest} if not rest:
                return f"${{{self._path(name)}.{attribute}}}"
            case {"Fn::Join": [str(separator), [*parts]], **rest} if not rest:
                return separator.join(str(self.flat(part)) for part in parts)
            case dict():
                return {key: self.flat(item) for key, item in value.items()}
            case list():
                return [self.flat(item) for item in value]
        return value

    def _path(self, logical_id: str) -> str:
        definition = self.template["Resources"].get(logical_id)
        if definition is None:
            return logical_id
        path: str = definition["Metadata"]["aws:cdk:path"]
        return path.split("/", 1)[1].removesuffix("/Resource").removesuffix("/Default")

    @property
    def statements(self) -> Iterator[tuple[Resource, Properties]]:
        """Each policy statement of the template, with the resource that it belongs to."""
        for resource in self.resources:
            for statement in _statements(resource.properties):
                yield resource, statement


def _statements(value: Any) -> Iterator[Properties]:
    match value:
        case {"Statement": [*statements]}:
            yield from statements
        case dict():
            for item in value.values():
                yield from _statements(item)
        case list():
            for item in value:
                yield from _statements(item)


def as_list(value: Any) -> list[Any]:
    """Return a list, also where IAM writes a single item without one."""
    return value if isinstance(value, list) else [value]


def create_app(
    stage: Stage, folder: Path, *, assets: bool = False, validated: bool = False
) -> tuple[App, ServiceStack]:
    """Create an app with one stage's stack.

    Args:
        stage: The stage.
        folder: The folder that the app is synthesized into.
        assets: True to copy the assets into ``folder`` too.
        validated: True to let the CDK validate the template, which takes longer than the rest.
    """
    context = _CONTEXT if assets else {**_CONTEXT, "aws:cdk:disable-asset-staging": True}
    app = App(
        analytics_reporting=False,
        builtin_cloud_formation_validation=validated,
        context=context,
        outdir=str(folder),
    )
    return app, ServiceStack(app, stage.stack, stage=stage, env=Environment(region=REGION))


def synthesize(
    stage: Stage, folder: Path, *, assets: bool = False, validated: bool = False
) -> Synthesized:
    """Synthesize a stage; the arguments are those of :func:`create_app`."""
    app, _ = create_app(stage, folder, assets=assets, validated=validated)
    artifact = app.synth().get_stack_by_name(stage.stack)
    return Synthesized(
        stage=stage,
        template=artifact.template,
        assembly=folder,
        warnings=tuple(f"{message.id}: {message.entry.data}" for message in artifact.messages),
        termination_protection=bool(artifact.termination_protection),
    )
