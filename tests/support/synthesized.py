"""A synthesized stack, in a form that tests can ask about."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from infra.spec.stages import Stage

Properties = Mapping[str, Any]


@dataclass(frozen=True)
class Resource:
    """One resource of a template.

    Args:
        path: Its construct path within the stack, without the CDK's ``/Resource``.
        type: Its CloudFormation type.
        properties: Its properties; references are text like ``${Table/Jobs.Arn}``.
        definition: All of it, as it is in the template.
    """

    path: str
    type: str
    properties: Properties
    definition: Mapping[str, Any]


@dataclass(frozen=True)
class Synthesized:
    """What the CDK made of one stage.

    Args:
        stage: The stage.
        template: The CloudFormation template.
        assembly: The folder of the cloud assembly.
        warnings: What the CDK complained about.
        termination_protection: Whether CloudFormation refuses to delete the stack.
    """

    stage: Stage
    template: Mapping[str, Any]
    assembly: Path
    warnings: tuple[str, ...]
    termination_protection: bool

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
        """The resources of a type whose properties fulfil ``where``."""
        return [r for r in self.resources if r.type == type_ and where(r.properties)]

    def at(self, path: str) -> Resource:
        """The resource at a construct path."""
        (found,) = (resource for resource in self.resources if resource.path == path)
        return found

    def one(self, type_: str, where: Callable[[Properties], object] = lambda _: True) -> Properties:
        """The properties of the only resource of a type that fulfils ``where``."""
        (found,) = self.all(type_, where)
        return found.properties

    def flat(self, value: Any) -> Any:
        """``value`` with every intrinsic function as readable text."""
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
        """Every policy statement of the template, with the resource it belongs to."""
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


def many(value: Any) -> list[Any]:
    """The items of what IAM writes as one item or as a list."""
    return value if isinstance(value, list) else [value]
